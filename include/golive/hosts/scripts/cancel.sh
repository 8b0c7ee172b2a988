# Ends an operation's whole session and says how it stands then. A finished one is left alone: what it started may serve.
dir=.golive/operations/$1 grace=$2
[ -d .golive/operations ] || { say absent; exit 0; }
lock
exec 9>&-

members() { # sets $members to the live processes of session $session other than its leader, $leader to the leader
  members= leader=
  for entry in /proc/[0-9]*; do
    { read -r line <"$entry/stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    [ "${4:-}" = "$session" ] || continue
    case $1 in Z | X) continue ;; esac
    if [ "${entry#/proc/}" = "$session" ]; then leader=$session; else members="$members ${entry#/proc/}"; fi
  done
}

emptied() { # within about $1 seconds nothing is left
  turns=0
  while members; [ -n "$members$leader" ]; do
    turns=$((turns + 1))
    if [ "$turns" -le 5 ]; then nap 0.1; elif [ "$turns" -le $(($1 * 2 + 4)) ]; then nap 0.5; else return 1; fi
  done
}

end() { # members first, so that the leader can still write the exit status
  kill -TERM "-$session" 2>/dev/null
  emptied "$1" && return
  for round in 1 2 3; do
    [ -z "$members" ] || kill -KILL $members 2>/dev/null
    emptied 1 && return
  done
  kill -KILL "-$session" $members 2>/dev/null
  emptied 10 || broken "processes of the operation do not end:$members $leader"
}

state
case $word in
running | lost)
  read -r session start <"$dir/pid" && read -r then <"$dir/boot" || broken "$dir is damaged"
  # a pid that lives again with another start time belongs to somebody else: the old session is gone
  if [ "$then" = "$boot" ] && { ! born "$session" || [ "$birth" = "$start" ]; }; then end "$grace"; fi
  ;;
esac
report
