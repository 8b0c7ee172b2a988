# Runs an operation in a session of its own. It inherits the lock and keeps it until its pid is on the disk: whoever
# gets the lock and finds no pid knows that the command did not run and never will.
dir=$1
trap : HUP INT TERM
born $$ && echo "$$ $birth" >"$dir/pid.new" && mv -f "$dir/pid.new" "$dir/pid" || exit 1
sync "$dir/pid" "$dir" .golive/operations
exec 9>&-
sh "$dir/command" >"$dir/output" 2>&1
code=$?
if [ $(wc -c <"$dir/output") -gt 1048576 ]; then
  tail -c 1048576 "$dir/output" >"$dir/output.new" && mv -f "$dir/output.new" "$dir/output" || rm -f "$dir/output.new"
fi
echo "$code" 1<>"$dir/status.new" && mv -f "$dir/status.new" "$dir/status"
