"""Whoever starts an operation may be killed at any point: the retry finds what is so, and the effect is there once.

Each tool that the start or the operation's wrapper calls is replaced in turn by one that kills its caller, before or
after it did its work. That is every point at which either of them waits for anything.
"""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from golive.hosts import operation as build
from golive.hosts.local import LocalTransport, local_host
from golive.hosts.transport import Exchange
from golive.hosts.values import Command, Operation, Outcome, Status

_CALLS = {"mkdir": 1, "cat": 1, "wc": 2, "flock": 1, "rm": 3, "mv": 4, "setsid": 1, "sync": 2, "tail": 1}
"""How often each tool is called for one operation."""
_POINTS = [(tool, nth) for tool, calls in _CALLS.items() for nth in range(1, calls + 1)]
_BEFORE = '#!/bin/dash\n[ -e "{mark}" ] && exec {real} "$@"\n: >"{mark}"\nkill -KILL $PPID\n'
_AFTER = '#!/bin/dash\n[ -e "{mark}" ] && exec {real} "$@"\n: >"{mark}"\n{real} "$@"\nkill -KILL $PPID\n'
_LATE = '#!/bin/dash\nkill -KILL $PPID\nsleep 0.3\nexec {real} "$@"\n'
_WORK = Operation("op1", 1, Command("work", "echo once >>effects", b"canary"))


@pytest.mark.parametrize("script", [_BEFORE, _AFTER], ids=["before", "after"])
@pytest.mark.parametrize(("tool", "nth"), _POINTS)
def test_the_effect_is_there_once(tool: str, script: str, nth: int, tmp_path: Path, home: Path) -> None:
    """After a kill at this point and a retry: finished with one effect, or lost and honest about it."""
    environment = {"PATH": f"{_deadly(tool, script, nth, tmp_path)}:{os.environ['PATH']}"}
    first = _start(home, environment)
    assert (tmp_path / "killed").exists()
    assert not _left(home)
    second = _start(home, {})
    effects = (home / "effects").read_text() if (home / "effects").exists() else ""
    assert second is not None
    if second.status is Status.FINISHED:
        assert (second.exit_status, effects) == (0, "once\n")
    else:
        assert second.status is Status.LOST
        assert effects in ("", "once\n")
    assert first in (None, Outcome(Status.ABSENT), second)
    assert _start(home, {}) == second
    assert not list((home / ".golive/incoming").iterdir())
    assert not _left(home)


def _left(home: Path) -> list[Path]:
    """Files that hold the operation's input: a secret, for all that the host knows."""
    return [file for file in (home / ".golive").rglob("*") if file.is_file() and b"canary" in file.read_bytes()]


def test_a_starter_killed_too_early_lets_the_next_one_start(tmp_path: Path, home: Path) -> None:
    """A starter that died between its preparations and the start leaves nothing that could be taken for a start."""
    environment = {"PATH": f"{_deadly('setsid', _BEFORE, 1, tmp_path)}:{os.environ['PATH']}"}
    assert _start(home, environment) is None
    assert (home / ".golive/operations/op1").is_dir()
    assert asyncio.run(local_host(home).status("op1")).status is Status.ABSENT
    assert _start(home, {}) == Outcome(Status.FINISHED, 0, "")


def test_a_start_that_is_on_its_way_is_waited_for(tmp_path: Path, home: Path) -> None:
    """A starter died just after it began the start: the next one waits for it, and does not start a second."""
    tools = _deadly("setsid", _LATE, 1, tmp_path)
    assert _start(home, {"PATH": f"{tools}:{os.environ['PATH']}"}) is None
    assert asyncio.run(local_host(home).status("op1")).status is not Status.ABSENT
    assert _start(home, {}) == Outcome(Status.FINISHED, 0, "")
    assert (home / "effects").read_text() == "once\n"


def test_an_input_that_was_cut_starts_nothing(home: Path) -> None:
    """A client that died while it sent the input has not started anything, and left nothing of it."""
    with pytest.raises(AssertionError, match="cut"):
        _start(home, {}, sent=b"can")
    assert not (home / ".golive/operations/op1").exists()
    assert list((home / ".golive/incoming").iterdir()) == []
    assert not _left(home)


def _start(home: Path, environment: dict[str, str], sent: bytes = b"canary") -> Outcome | None:
    """One start, without the retries of ``operate``; None where the starter was killed."""
    transport = LocalTransport({**os.environ, **environment, "HOME": str(home)})
    reply = asyncio.run(transport.exchange(Exchange(build.start(_WORK), (sent,)), timeout=20))
    report = build.read_report(reply.output)
    assert not report or report.word != "broken", report
    return build.outcome_of(report.word, report.rest, report.body) if report else None


def _deadly(tool: str, script: str, nth: int, folder: Path) -> Path:
    """A folder with a ``tool`` that kills its caller when it is called for the ``nth`` time."""
    tools, mark, real = folder / "deadly", folder / "killed", shutil.which(tool)
    assert real
    tools.mkdir()
    count = f'{{ read -r n <"{folder}/count"; }} 2>/dev/null\necho $((n + 1)) >"{folder}/count"\n'
    lines = script.format(mark=mark, real=real).splitlines()
    lines.insert(1, f'if [ ! -e "{mark}" ]; then {count}[ "${{n:-0}}" -eq {nth - 1} ] || exec {real} "$@"; fi')
    shim = tools / tool
    shim.write_text("\n".join(lines) + "\n")
    shim.chmod(0o755)
    return tools
