"""Who listens on the ports that a component will use, and whether that is the component itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from golive.checks.values import shown
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.stages.definition import Scope
from golive.texts import text


@dataclass(frozen=True)
class Holder:
    """A process that listens. ``pid`` and ``session`` are ``-`` where the deploy user may not see them."""

    port: int
    user: str
    pid: str
    session: str
    command: str


@dataclass(frozen=True)
class Listeners:
    """What holds the ports asked for, and the sessions of each component's own processes."""

    holders: tuple[Holder, ...]
    own: Mapping[str, frozenset[str]]


def ports_of(scope: Scope, host: str) -> dict[int, str]:
    """The ports that the components on a host will use, for serving and for their check: port → component."""
    role = scope.environment.hosts[host].role
    names = [name for name, component in scope.manifest.components.items() if component.role == role]
    return {scope.port(host, name, check=check): name for name in names for check in (False, True)}


def listeners_command(wanted: Mapping[int, str]) -> Command:
    """Prints ``own=COMPONENT SESSION`` and ``holder=PORT USER PID SESSION COMMAND`` lines. Reads only.

    A component's own process is the one that its control recorded, in this boot and with this start time.
    """
    script = sh(
        r"""boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown)
field() { sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f "$2"; }
for component in {components}; do
    for record in "components/$component/run/live.process" "components/$component/run/check.process"; do
        [ -f "$record" ] && read -r pid its_boot its_born rest <"$record" || continue
        [ "$its_boot" = "$boot" ] && [ "$its_born" = "$(field "$pid" 20)" ] && echo "own=$component $pid"
    done
done
for port in {ports}; do
    awk -v port="$(printf '%04X' "$port")" '
        FNR > 1 && $4 == "0A" { n = split($2, a, ":"); if (a[n] == port) print $8, $10 }
    ' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | while read -r uid inode; do
        user=$(awk -F: -v uid="$uid" '$3 == uid { print $1; exit }' /etc/passwd)
        pids=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v inode="socket:[$inode]" '
            /^\/proc\// { split($0, a, "/"); pid = a[3] } $NF == inode { print pid }
        ' | sort -un)
        for pid in ${pids:--}; do
            session=$(field "$pid" 4)
            command=$(tr '\0\n' '  ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c 1-120)
            echo "holder=$port ${user:-$uid} $pid ${session:--} $command"
        done
    done
done 2>/dev/null
true
""",
        components=sorted(set(wanted.values())),
        ports=sorted(wanted),
    )
    return Command("listeners", script)


def read_listeners(output: str) -> Listeners:
    """What ``listeners_command`` printed, as a value. Unknown lines are ignored."""
    holders, own = [], dict[str, set[str]]()
    for line in output.splitlines():
        name, _, value = line.partition("=")
        if name == "own":
            component, _, session = value.partition(" ")
            own.setdefault(component, set()).add(session)
        elif name == "holder":
            port, user, pid, session, command = value.split(" ", 4)
            holders.append(Holder(int(port), user, pid, session, shown(command)))
    return Listeners(tuple(holders), {component: frozenset(found) for component, found in own.items()})


def taken(found: Listeners, wanted: Mapping[int, str], locale: str) -> tuple[str, ...]:
    """A line for each port that somebody else than its component holds. A port is the component's own where any of
    its processes holds it: what it forked shares its sockets."""
    return tuple(
        line
        for port, component in sorted(wanted.items())
        if not any(_is_own(found, holder, component) for holder in _of(found, port))
        for line in (_said(holder, component, locale) for holder in _of(found, port)[:1])
    )


def _of(found: Listeners, port: int) -> list[Holder]:
    return [holder for holder in found.holders if holder.port == port]


def _is_own(found: Listeners, holder: Holder, component: str) -> bool:
    return holder.session in found.own.get(component, ())


def _said(holder: Holder, component: str, locale: str) -> str:
    data = {"port": holder.port, "component": component, "user": holder.user}
    if holder.pid == "-":
        return text("stages.port_taken_unseen", locale, **data)
    return text("stages.port_taken", locale, **data, pid=holder.pid, command=holder.command)
