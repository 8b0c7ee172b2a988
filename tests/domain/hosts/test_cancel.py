"""A cancel ends all of an operation, and nothing else."""

import asyncio
import os
import signal
from pathlib import Path

from golive.hosts.remote import ShellHost
from golive.hosts.values import Outcome, Status
from tests.domain.hosts.operations import leader, operate, operation, session, started, until


def test_cancel_ends_the_whole_group(local: ShellHost, home: Path) -> None:
    """A cancel ends the command and all its children, and says with which status the command ended."""

    async def main() -> tuple[Outcome, Outcome]:
        script = "sleep 98 & (sleep 97; true) & sleep 96"
        running = asyncio.create_task(local.operate(operation(script), timeout=20))
        await started(home)
        await until(lambda: len(session(leader(home))) == 6)
        cancelled = await local.cancel("op1")
        assert session(leader(home)) == []
        return cancelled, await running

    cancelled, waited = asyncio.run(main())
    assert (cancelled.status, cancelled.exit_status) == (Status.FINISHED, 143)
    assert waited == cancelled


def test_cancel_kills_what_does_not_listen(local: ShellHost, home: Path) -> None:
    """What ignores TERM is killed after the grace; the cancel is not back before."""

    async def main() -> Outcome:
        deaf = operation("trap '' TERM; echo deaf >deaf; sleep 60; sleep 60")
        running = asyncio.create_task(local.operate(deaf, timeout=20))
        await until((home / "deaf").exists)
        outcome = await local.cancel("op1", grace=1)
        assert session(leader(home)) == []
        await running
        return outcome

    outcome = asyncio.run(main())
    assert (outcome.status, outcome.exit_status) == (Status.FINISHED, 137)


def test_cancel_ends_what_a_lost_operation_left(local: ShellHost, home: Path) -> None:
    """When only the wrapper was killed the operation is LOST; a cancel ends what goes on without it."""

    async def main() -> Outcome:
        running = asyncio.create_task(local.operate(operation("sleep 95; echo after >>effects"), timeout=20))
        await started(home)
        await until(lambda: len(session(leader(home))) == 3)
        os.kill(leader(home), signal.SIGKILL)
        assert (await running).status is Status.LOST
        assert session(leader(home))
        return await local.cancel("op1")

    assert asyncio.run(main()).status is Status.LOST
    assert session(leader(home)) == []
    assert not (home / "effects").exists()


def test_cancel_spares_what_a_finished_operationstarted(local: ShellHost) -> None:
    """A service that a finished operation started serves on."""
    pid = int(operate(local, "sleep 94 >/dev/null 2>&1 & echo $!").output)
    assert asyncio.run(local.cancel("op1")).exit_status == 0
    os.kill(pid, signal.SIGKILL)
