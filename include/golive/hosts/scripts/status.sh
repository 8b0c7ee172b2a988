# How an operation stands. The lock lets a start that is under way come to its pid first.
dir=.golive/operations/$1
[ -d .golive/operations ] || { say absent; exit 0; }
lock
exec 9>&-
[ "$2" = ask ] || settle
report
