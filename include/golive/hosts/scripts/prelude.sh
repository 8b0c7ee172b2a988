# Common to all that we send. Works in the home directory; answers with one line, "GOLIVE <word> …".
exec 2>&1
umask 077
say() { printf 'GOLIVE %s\n' "$*"; }
broken() { say broken "$*"; exit 0; }
unwritten() { # tells a full disk from other reasons; no words at all: the writer was ended by its file size limit
  case $1 in
  '' | *'No space'* | *'too large'* | *'limit exceeded'* | *[Qq]uota*) say full "${1:-file size limit}" ;;
  *) say broken "$1" ;;
  esac
  exit 0
}
[ -n "$HOME" ] && cd "$HOME" || broken "there is no home directory"
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || boot=unknown
born $$ || broken "/proc is not mounted"

lock() { # the kernel frees it with its last holder, so nobody who was killed blocks anybody
  exec 9>>.golive/lock && flock 9 || broken "flock does not work here"
}

fence() { # refuses a token below the highest seen, else remembers it; call it under the lock
  seen=0
  [ ! -e .golive/fence ] || { read -r seen <.golive/fence; } 2>/dev/null || seen=
  case $seen in '' | *[!0-9]*) broken ".golive/fence is damaged" ;; esac
  [ "$1" -ge "$seen" ] || { say stale "$seen"; exit 0; }
  [ "$1" -gt "$seen" ] || return 0
  echo "$1" >.golive/fence.new && mv -f .golive/fence.new .golive/fence && sync .golive/fence .golive ||
    broken "the fence cannot be written"
}

sweep() { # removes what an uploader or starter that was killed left behind; names end in the pid
  for left in "$@"; do
    [ ! -e "$left" ] || born "${left##*.}" || rm -rf "$left"
  done
}

running() { # is the operation in $dir still the process that started it?
  [ ! -e "$dir/status" ] && [ -e "$dir/pid" ] || return 1
  read -r pid start <"$dir/pid" && read -r then <"$dir/boot" || return 1
  [ "$then" = "$boot" ] && born "$pid" && [ "$birth" = "$start" ]
}

state() { # sets $word; asks for the process first, since it may end between the two questions
  word=absent
  [ -e "$dir/pid" ] || return 0
  word=lost
  ! running || word=running
  [ ! -e "$dir/status" ] || { read -r code <"$dir/status" && word="finished $code"; }
}

report() {
  state
  say "$word"
  [ ! -e "$dir/output" ] || tail -c 65536 "$dir/output"
}

nap() { sleep "$1" 2>/dev/null || sleep 1; }

settle() { # waits for the operation in $dir to end, at most about 20 s
  turns=0
  while [ "$turns" -lt 60 ] && running; do
    turns=$((turns + 1))
    if [ "$turns" -le 20 ]; then nap 0.02; else nap 0.5; fi
  done
}
