# Starts an operation or attaches to it, then waits and reports. Its input comes on stdin, at its full $size or not at all.
id=$1 token=$2 size=$3 command=$4 wrapper=$5
dir=.golive/operations/$id stage=.golive/incoming/$id.$$
for tool in setsid flock; do
  command -v "$tool" >/dev/null || broken "$tool is not installed"
done
problem=$(LC_ALL=C mkdir -p .golive/operations "$stage" 2>&1) || unwritten "$problem"
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM PIPE
# The input may hold secrets. Its file loses its name before the first byte comes: what is written there ends with the
# processes that hold it, wherever they are killed.
problem=$( (LC_ALL=C true >"$stage/input") 2>&1) || unwritten "$problem"
exec 6>"$stage/input" 7<"$stage/input" 8<"$stage/input"
rm -f "$stage/input"
problem=$(LC_ALL=C cat 2>&1 >&6) || unwritten "$problem"
exec 6>&-
[ $(wc -c <&7) -eq "$size" ] || broken "the input was cut"
exec 7<&-
# status.new is filled now and overwritten in place at the end, so that a full disk cannot swallow the exit status
printf '%s\n' "$command" >"$stage/command" && echo "$token" >"$stage/token" && echo "$boot" >"$stage/boot" &&
  : >"$stage/output" && echo "   " >"$stage/status.new" || unwritten ""

lock
fence "$token"
sweep .golive/incoming/*
started=
if [ ! -e "$dir/pid" ]; then # also where a starter was killed too early: nothing of it can still run, see wrapper.sh
  rm -rf "$dir" && mv "$stage" "$dir" || broken "$dir cannot be made"
  setsid sh -c "$wrapper" golive "$dir" <&8 >/dev/null 2>&1 8<&- 9>&9 &
  started=$!
fi
exec 8<&- 9>&-
[ -z "$started" ] || wait "$started"
settle
report
