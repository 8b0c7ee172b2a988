"""What a host's boot would do: start again the services that ran there before ``down``."""

import os
import subprocess
import sys
from pathlib import Path

from golive_stack.home import Home
from golive_stack.hosts import StackHost
from golive_stack.processes import MARK

SECONDS = 60


def boot(home: Home, host: StackHost) -> tuple[str, ...]:
    """Starts each component's live service as its record says; what runs already stays. Says what it asked for."""
    asked = []
    for record in sorted(host.home.glob("components/*/run/live.process")):
        component = record.parents[1]
        release, port = record.read_text(encoding="utf-8").split()[3:5]
        if _current(component) == release:
            _start(home, host, component, release, port)
            asked.append(f"{component.name} {release}")
    return tuple(asked)


def _current(component: Path) -> str:
    link = component / "current"
    return link.readlink().name if link.is_symlink() else ""


def _start(home: Home, host: StackHost, component: Path, release: str, port: str) -> None:
    variables = {
        "HOME": str(host.home),
        "PATH": os.environ.get("PATH", os.defpath),
        "GOLIVE_PYTHON": sys.executable,
        MARK: str(home.root),
    }
    command = ("sh", str(component / "control"), "start", "live", release, port)
    # Its exit status is the nightly check's business: a broken release must not keep the stack from starting.
    subprocess.run(command, env=variables, cwd=host.home, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
