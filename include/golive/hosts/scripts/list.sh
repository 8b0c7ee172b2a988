# One line for each operation: id, token, state.
[ -d .golive/operations ] || { say listed; exit 0; }
lock
say listed
for dir in .golive/operations/*; do
  state
  [ "$word" = absent ] || { read -r token <"$dir/token" && echo "${dir##*/} $token $word"; }
done
