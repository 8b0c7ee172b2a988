# Takes a file on stdin into a part beside its target, checks it there, and gives it its name under the lock.
target=$1 digest=$2 mode=$3 token=$4
case $target in */*) folder=${target%/*} ;; *) folder=. ;; esac
part=$folder/.golive-part.${digest%"${digest#????????????}"}.$$
sum() { sha256sum <"$1" | { read -r hex rest && [ "$hex" = "$digest" ]; }; }

problem=$(LC_ALL=C mkdir -p .golive "$folder" 2>&1) || unwritten "$problem"
[ ! -d "$target" ] || broken "$target is a directory"
lock
fence "$token"
exec 9>&-
sweep "$folder"/.golive-part.*
if [ -f "$target" ] && [ ! -L "$target" ] && sum "$target"; then
  chmod "$mode" "$target" && say present || broken "$target cannot be changed"
  exit 0
fi
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM PIPE
printf 'GOLIVE send\n'
problem=$(LC_ALL=C cat 2>&1 >"$part") || unwritten "$problem"
sum "$part" || { say mismatch; exit 0; }
chmod "$mode" "$part" || broken "$part cannot be changed"
lock
fence "$token"
mv -f "$part" "$target" || broken "$target cannot be replaced"
say stored
