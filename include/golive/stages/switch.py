"""Commands that move traffic: drain and admit on a balancer, switch and switch back on a host."""

from collections.abc import Sequence

from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.stages.layout import Placement


def upstream(component: str, servers: Sequence[tuple[str, int]], *, serving: bool) -> str:
    """The balancer's upstream file. Addresses and ports come from the inventory, whose syntax is checked."""
    mark = "" if serving else " down"
    lines = [f"    server {address}:{port}{mark};" for address, port in servers]
    return "\n".join([f"upstream {component} {{", *lines, "}", ""])


def set_upstream(name: str, file: str, content: str, reload: Sequence[str], keep: str) -> Command:
    """Writes the upstream file by rename and reloads; a balancer that refuses keeps the file it had."""
    script = sh(
        """umask 077
mkdir -p .golive/before
[ -e .golive/before/{keep} ] || [ ! -e {file} ] ||
    { cp {file} .golive/before/{keep}.new && mv .golive/before/{keep}.new .golive/before/{keep}; }
cp {file} {file}.old 2>/dev/null
cat >{file}.new && mv {file}.new {file} || exit 1
{reload} || { [ ! -e {file}.old ] || mv {file}.old {file}; echo 'the balancer refused the upstream file' >&2; exit 1; }
rm -f {file}.old
""",
        file=file,
        reload=tuple(reload),
        keep=keep,
    )
    return Command(name, script, stdin=content.encode())


def drain(file: str, content: str, reload: Sequence[str], status: Sequence[str], keep: str, seconds: int) -> Command:
    """Takes every server out and waits until no request is in flight, or ``seconds`` have passed."""
    base = set_upstream("drain", file, content, reload, keep)
    # A balancer that does not answer is waited for like a busy one.
    wait = sh(
        """ticks={ticks}
busy() { state=$({status}) || return 0; printf '%s\\n' "$state" | grep -q '"in_flight": *[1-9]'; }
while [ "$ticks" -gt 0 ] && busy; do ticks=$(( ticks - 1 )); sleep 0.1; done
""",
        ticks=seconds * 10,
        status=tuple(status),
    )
    return Command("drain", base.script + wait, stdin=base.stdin)


def restore_upstream(file: str, reload: Sequence[str], keep: str) -> Command:
    """Puts back the upstream file from before the drain."""
    script = sh(
        """[ -e .golive/before/{keep} ] || exit 0
cp .golive/before/{keep} {file}.new && mv {file}.new {file} && {reload} && rm -f .golive/before/{keep}
""",
        file=file,
        reload=tuple(reload),
        keep=keep,
    )
    return Command("restore_upstream", script)


def switch(placement: Placement, port: int, stop_seconds: int) -> Command:
    """Notes what serves, stops it, moves the link in one rename, starts the new release."""
    script = sh(
        """umask 077
cd {root} || exit 1
old=$(readlink current 2>/dev/null)
old=${old#releases/}
if [ "$old" != {directory} ]; then
    printf '%s\\n' "$old" >{before}.new && mv {before}.new {before} || exit 1
fi
sh ./control stop live {stop} || exit 1
ln -sfn releases/{directory} run/current.new && mv -T run/current.new current || exit 1
sh ./control start live {directory} {port}
""",
        root=placement.root,
        before=placement.before,
        directory=placement.directory,
        port=port,
        stop=stop_seconds,
    )
    return Command("switch", script)


def switch_back(placement: Placement, port: int, stop_seconds: int) -> Command:
    """Serves again, on ``port``, what served before the switch; a host that was never switched is left alone.

    The note of what was before stays: whether the old release answers is proved after this command, and a second try
    must know it too. It counts only where this release, or what it was switched from, is current.
    """
    script = sh(
        """cd {root} 2>/dev/null || exit 0
rm -f run/current.new {before}.new
[ -e {before} ] || exit 0
read -r old <{before}
now=$(readlink current 2>/dev/null)
now=${now#releases/}
[ "$now" = {directory} ] || [ "$now" = "$old" ] || exit 0
if [ "$now" = {directory} ]; then
    sh ./control stop live {stop} || exit 1
    if [ -n "$old" ]
    then ln -sfn "releases/$old" run/current.new && mv -T run/current.new current || exit 1
    else rm -f current || exit 1; fi
fi
[ -z "$old" ] || sh ./control start live "$old" {port}
""",
        root=placement.root,
        before=placement.before,
        directory=placement.directory,
        port=port,
        stop=stop_seconds,
    )
    return Command("switch_back", script)


def serves(placement: Placement) -> Command:
    """Exits 0 when this release is current and runs."""
    script = sh(
        """cd {root} || exit 1
[ "$(readlink current)" = releases/{directory} ] && sh ./control status live | grep -qF {running}
""",
        root=placement.root,
        directory=placement.directory,
        running=f"running {placement.directory} ",
    )
    return Command("serves", script)


def start_check(placement: Placement, port: int) -> Command:
    """Starts the new release on its check port, beside the one that serves."""
    script = sh(
        "sh {root}/control start check {directory} {port}",
        root=placement.root,
        directory=placement.directory,
        port=port,
    )
    return Command("start_check", script)


def stop_check(placement: Placement, stop_seconds: int) -> Command:
    return Command("stop_check", sh("sh {root}/control stop check {stop}", root=placement.root, stop=stop_seconds))
