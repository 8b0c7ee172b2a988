"""Whoever starts an operation may be killed at any point: the retry finds the right thing, and the effect is there once.

Each tool that the start or the operation's wrapper calls is replaced in turn by one that kills its caller, before or
after it did its work. That is every point at which either of them waits for anything.
"""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from golive.hosts.errors import HostUnreachable, HostUnusable
from golive.hosts.local import local_host
from golive.hosts.values import Command, Operation, Outcome, Status

_TOOLS = ("mkdir", "cat", "wc", "flock", "rm", "mv", "setsid", "sync", "sh", "tail")
_BEFORE = '#!/bin/dash\n[ -e "{mark}" ] && exec {real} "$@"\n: >"{mark}"\nkill -KILL $PPID\n'
_AFTER = '#!/bin/dash\n[ -e "{mark}" ] && exec {real} "$@"\n: >"{mark}"\n{real} "$@"\nkill -KILL $PPID\n'
_WORK = Operation("op1", 1, Command("work", "echo once >>effects", b"input"))


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("script", [_BEFORE, _AFTER], ids=["before", "after"])
@pytest.mark.parametrize("tool", _TOOLS)
def test_the_effect_is_there_once(tool: str, script: str, nth: int, tmp_path: Path, home: Path) -> None:
    """After a kill at this point and a retry: finished with one effect, or lost and honest about it."""
    environment = {"PATH": f"{_deadly(tool, script, nth, tmp_path)}:{os.environ['PATH']}"}
    first = _operate(home, environment)
    second = _operate(home, {})
    effects = (home / "effects").read_text() if (home / "effects").exists() else ""
    assert second is not None
    if second.status is Status.FINISHED:
        assert (second.exit_status, effects) == (0, "once\n")
    else:
        assert second.status is Status.LOST
        assert effects in ("", "once\n")
    assert first in (None, second)
    assert _operate(home, {}) == second
    assert not list((home / ".golive/incoming").iterdir())


def test_a_starter_killed_too_early_lets_the_next_one_start(tmp_path: Path, home: Path) -> None:
    """A starter that died between its preparations and the start leaves nothing that could be taken for a start."""
    environment = {"PATH": f"{_deadly('setsid', _BEFORE, 1, tmp_path)}:{os.environ['PATH']}"}
    assert _operate(home, environment) is None
    assert (home / ".golive/operations/op1").is_dir()
    assert asyncio.run(local_host(home).status("op1")).status is Status.ABSENT
    assert _operate(home, {}) == Outcome(Status.FINISHED, 0, "")


def _operate(home: Path, environment: dict[str, str]) -> Outcome | None:
    """None where the starter was killed or could not go on."""
    exchange = local_host(home, environment=environment).operate(_WORK, timeout=0.9 if environment else 20)
    try:
        return asyncio.run(exchange)
    except (HostUnreachable, HostUnusable):
        return None


def _deadly(tool: str, script: str, nth: int, folder: Path) -> Path:
    """A folder with a ``tool`` that kills its caller when it is called for the ``nth`` time."""
    tools, mark, real = folder / "deadly", folder / "killed", shutil.which(tool)
    assert real
    tools.mkdir()
    count = f'n=$(cat "{folder}/count" 2>/dev/null)\necho $((n + 1)) >"{folder}/count"\n'
    lines = script.format(mark=mark, real=real).splitlines()
    lines.insert(1, f'if [ ! -e "{mark}" ]; then {count}[ "${{n:-0}}" -eq {nth - 1} ] || exec {real} "$@"; fi')
    shim = tools / tool
    shim.write_text("\n".join(lines) + "\n")
    shim.chmod(0o755)
    return tools
