"""What a host forgets of old operations, under dash and under busybox, and what it never forgets."""

import asyncio
import os
import time
from pathlib import Path

from golive.hosts.remote import ShellHost
from golive.hosts.values import Status
from tests.domain.hosts.operations import operate, operation, place, started

DAY = 24 * 3600.0


def grow_old(folder: Path, days: float = 40) -> None:
    then = time.time() - days * DAY
    os.utime(folder, (then, then))


def test_only_old_ended_and_fenced_off_operations_go(local: ShellHost, home: Path) -> None:
    """Not a young one, not one that is named, not one whose token still counts, not one that runs."""

    async def main() -> int:
        for key, token in (("old", 1), ("named", 1), ("young", 1), ("counts", 3)):
            await local.operate(operation("true", key=key, token=token), timeout=20)
        runs = asyncio.create_task(local.operate(operation("sleep 30", key="runs", token=3), timeout=20))
        await started(home, "runs")
        for key in ("old", "named", "counts", "runs"):
            grow_old(place(home, key))
        assert await local.prune(days=30, keep=("named", "other")) == 1
        await local.raise_fence(4)
        went = await local.prune(days=30, keep=("named",))
        await local.cancel("runs")
        await runs
        return went

    assert asyncio.run(main()) == 1
    assert sorted(folder.name for folder in (home / ".golive/operations").iterdir()) == ["named", "runs", "young"]
    assert list((home / ".golive/incoming").iterdir()) == []


def test_what_a_killed_starter_or_an_older_boot_left_goes_too(local: ShellHost, home: Path) -> None:
    """No pid: it never ran. Another boot: nothing of it runs any more. A lost one of this boot may still run."""
    operate(local, "true", key="lost-before", token=1)
    operate(local, "true", key="lost-now", token=1)
    for key in ("lost-before", "lost-now"):
        (place(home, key) / "status").unlink()
    (place(home, "lost-before") / "boot").write_text("another\n")
    never = place(home, "never")
    never.mkdir()
    (never / "token").write_text("1\n")
    left = home / ".golive/incoming/op9.999999"
    left.mkdir()
    for folder in (*(home / ".golive/operations").iterdir(), left):
        grow_old(folder)
    asyncio.run(local.raise_fence(2))
    assert asyncio.run(local.prune(days=30, keep=())) == 2
    assert [folder.name for folder in (home / ".golive/operations").iterdir()] == ["lost-now"]
    assert not left.exists()


def test_a_host_that_knows_nothing_has_nothing_to_forget(local: ShellHost, home: Path) -> None:
    assert asyncio.run(local.prune(days=0, keep=())) == 0
    assert not (home / ".golive/operations").exists()
    assert asyncio.run(local.status("op1")).status is Status.ABSENT
