# Forgets operations that ended more than $1 days ago: what stdin does not name (ids, a space between), and whose token is
# below the fence, so that nobody can start them again. Also what killed starters left. Says how many.
days=$1
keep=" $(cat) "
[ -d .golive/operations ] || { say pruned 0; exit 0; }
lock
seen=0
[ ! -e .golive/fence ] || { read -r seen <.golive/fence; } 2>/dev/null || seen=
case $seen in '' | *[!0-9]*) broken ".golive/fence is damaged" ;; esac
mkdir -p .golive/incoming
sweep .golive/incoming/*
count=0
for dir in $(find .golive/operations/. ! -name . -prune -mtime "+$days"); do
  case $keep in *" ${dir##*/} "*) continue ;; esac
  state
  case $word in
  running) continue ;;
  lost) { read -r then <"$dir/boot"; } 2>/dev/null && [ "$then" != "$boot" ] || continue ;;
  esac
  { read -r token <"$dir/token"; } 2>/dev/null && [ "$token" -lt "$seen" ] || continue
  # Moved first: half of an operation must not look like one that never ran.
  mv "$dir" ".golive/incoming/${dir##*/}.$$" && rm -rf ".golive/incoming/${dir##*/}.$$" && count=$((count + 1))
done
say pruned "$count"
