"""The service definition: a POSIX sh script that starts and stops one release of a component under a name.

``control start NAME RELEASE PORT``, ``control stop NAME SECONDS``, ``control status NAME``. A process is known by pid,
boot id and start time together, so that a reused pid or a reboot is never taken for our process.
"""

from golive.hosts.shell import sh

_HEADER = """#!/bin/sh
# Golive's service definition. Written by the environment stage; changed only by it.
root={root} stop_seconds={stop_seconds}
"""

_BODY = r"""set -u
cd "$HOME/$root" || exit 69
lock() { exec 9>>run/lock && flock 9; }
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown; }
born() { sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
state() { sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c 1; }
alive() { # NAME: sets pid release port
    [ -f "run/$1.process" ] || return 1
    read -r pid its_boot its_born release port <"run/$1.process" || return 1
    [ "$its_boot" = "$(boot)" ] && [ "$its_born" = "$(born "$pid")" ] && [ "$(state "$pid")" != Z ]
}
stop() { # NAME SECONDS
    if alive "$1"; then
        kill -TERM "-$pid" 2>/dev/null
        ticks=$(( $2 * 10 ))
        while alive "$1" && [ "$ticks" -gt 0 ]; do ticks=$(( ticks - 1 )); sleep 0.1; done
        kill -KILL "-$pid" 2>/dev/null
        ticks=50
        while alive "$1" && [ "$ticks" -gt 0 ]; do ticks=$(( ticks - 1 )); sleep 0.1; done
        alive "$1" && return 1
    fi
    rm -f "run/$1.process"
}
start() { # NAME RELEASE PORT
    if alive "$1"; then
        [ "$release" = "$2" ] && [ "$port" = "$3" ] && return 0
        stop "$1" "$stop_seconds" || return 1
    fi
    rm -f "run/$1.process"
    [ -f "releases/$2/.golive/launch" ] || { echo "release $2 is not installed" >&2; return 66; }
    GOLIVE_NAME=$1 GOLIVE_RELEASE=$2 PORT=$3 GOLIVE_BOOT=$(boot)
    export GOLIVE_NAME GOLIVE_RELEASE PORT GOLIVE_BOOT
    # The process writes its own record before it becomes the service, and holds the lock until then: whoever gets the
    # lock after a start that was cut off finds the record of what is running.
    setsid sh -c '
        born=$(sed -e "s/.*) //" "/proc/$$/stat" | cut -d " " -f 20)
        echo "$$ $GOLIVE_BOOT $born $GOLIVE_RELEASE $PORT" >"run/$GOLIVE_NAME.process.new"
        mv "run/$GOLIVE_NAME.process.new" "run/$GOLIVE_NAME.process"
        exec 9>&-
        exec sh "releases/$GOLIVE_RELEASE/.golive/launch"
    ' </dev/null >>"run/$1.log" 2>&1 &
    ticks=50
    until [ -f "run/$1.process" ] || [ "$ticks" -eq 0 ]; do ticks=$(( ticks - 1 )); sleep 0.1; done
    [ -f "run/$1.process" ]
}
case "${1:-}" in
    start) lock && start "$2" "$3" "$4" ;;
    stop) lock && stop "$2" "$3" ;;
    status) if alive "$2"; then echo "running $release $port"; else echo stopped; exit 3; fi ;;
    *) echo "control start NAME RELEASE PORT | stop NAME SECONDS | status NAME" >&2; exit 64 ;;
esac
"""

_LAUNCH = """#!/bin/sh
cd "$HOME"/{release} || exit 69
[ ! -f ../../runtime ] || . ../../runtime
exec {command}
"""


def control_script(component: str, stop_seconds: int) -> str:
    """The text of ``components/<component>/control``."""
    return sh(_HEADER, root=f"components/{component}", stop_seconds=stop_seconds) + _BODY


def launch_script(release: str, command: tuple[str, ...]) -> str:
    """The text of a release's ``.golive/launch``: it becomes the service, in the release's folder."""
    return sh(_LAUNCH, release=release, command=command)
