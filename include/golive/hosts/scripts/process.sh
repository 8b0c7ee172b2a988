# Who a process is: its pid alone may be somebody else's by now.
born() { # sets $birth to the start time of process $1; fails when it is gone or a zombie
  birth=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  case ${1:-X} in Z | X) return 1 ;; esac
  birth=${20}
}
