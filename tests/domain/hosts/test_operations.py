"""Operations under dash and under busybox: once, attached to, fenced, cancelled, and honest about what is lost."""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from golive.hosts.errors import CommandTimeout, HostUnusable, StaleToken, WordRefused
from golive.hosts.local import local_host
from golive.hosts.remote import ShellHost
from golive.hosts.values import Outcome, Status
from golive.secret import Secret
from tests.domain.hosts.operations import leader, operate, operation, place, started, until


def test_the_outcome_of_an_exit(local: ShellHost) -> None:
    """``exit`` in a command ends the command alone; its status and output come back."""
    assert operate(local, "echo out; echo err >&2; exit 7; echo never") == Outcome(Status.FINISHED, 7, "out\nerr\n")


def test_a_second_start_attaches(local: ShellHost, home: Path) -> None:
    """The same id runs once, whatever the second caller asks for, and both get the same outcome."""
    first = operate(local, "echo once >>effects; pwd")
    assert operate(local, "echo twice >>effects") == first == Outcome(Status.FINISHED, 0, f"{home}\n")
    assert (home / "effects").read_text() == "once\n"


def test_starters_at_the_same_time_start_it_once(local: ShellHost, home: Path) -> None:
    """Of eight starters with the same id one starts it; all get its outcome."""

    async def main() -> list[Outcome]:
        work = operation("echo once >>effects; sleep 0.2")
        return await asyncio.gather(*(local.operate(work, timeout=30) for _ in range(8)))

    outcomes = asyncio.run(main())
    assert set(outcomes) == {Outcome(Status.FINISHED, 0, "")}
    assert (home / "effects").read_text() == "once\n"
    assert list((home / ".golive/incoming").iterdir()) == []


def test_a_lower_token_is_refused(local: ShellHost, home: Path) -> None:
    """After a higher token was seen a lower one starts nothing and attaches to nothing; an equal one may."""
    operate(local, "true", key="first", token=7)
    for key in ("late", "first"):
        with pytest.raises(StaleToken) as caught:
            operate(local, "echo late >>effects", key=key, token=6)
        assert caught.value.data == {"host": "localhost", "token": 6, "seen": 7}
    assert operate(local, "true", key="equal", token=7).succeeded
    assert not (home / "effects").exists()


def test_the_fence_is_never_lowered(local: ShellHost, home: Path) -> None:
    """Raising to the same token changes nothing, and to a lower one is refused."""

    async def main() -> None:
        await local.raise_fence(5)
        await local.raise_fence(5)
        with pytest.raises(StaleToken):
            await local.raise_fence(4)

    asyncio.run(main())
    assert (home / ".golive/fence").read_text() == "5\n"


@pytest.mark.parametrize("content", ["", "high\n", "-1\n"])
def test_a_damaged_fence_lets_nobody_through(local: ShellHost, home: Path, content: str) -> None:
    """A fence that cannot be read refuses everything until a person has looked."""
    (home / ".golive").mkdir()
    (home / ".golive/fence").write_text(content)
    with pytest.raises(HostUnusable):
        operate(local, "echo x >effects", token=99)
    assert not (home / "effects").exists()


def test_asking_starts_nothing(local: ShellHost, home: Path) -> None:
    """A host that was never used says ABSENT, and nothing is made on it."""
    assert asyncio.run(local.status("op1")) == Outcome(Status.ABSENT)
    assert asyncio.run(local.cancel("op1")) == Outcome(Status.ABSENT)
    assert asyncio.run(local.operations()) == ()
    assert list(home.iterdir()) == []


def test_all_operations_are_listed(local: ShellHost) -> None:
    """A list tells id, token and state of each, so that a rollback finds what it must end."""

    async def main() -> list[tuple[str, int, Status, int | None]]:
        await local.operate(operation("exit 3", key="a", token=1), timeout=10)
        with pytest.raises(CommandTimeout):
            await local.operate(operation("sleep 30", key="b", token=2), timeout=0.6)
        known = await local.operations()
        await local.cancel("b")
        return [(item.id, item.token, item.outcome.status, item.outcome.exit_status) for item in known]

    assert asyncio.run(main()) == [("a", 1, Status.FINISHED, 3), ("b", 2, Status.RUNNING, None)]


def test_a_secret_input_leaves_no_trace(local: ShellHost, home: Path) -> None:
    """What travels on stdin reaches the command and is in no file afterwards, nor in any while it runs."""

    async def main() -> list[str]:
        work = operation("wc -c; sleep 0.3", stdin=Secret("canary-secret"))
        running = asyncio.create_task(local.operate(work, timeout=10))
        await started(home)
        await asyncio.sleep(0.1)
        seen = _contents(home)
        assert (await running).output.strip() == "13"
        return [*seen, *_contents(home)]

    assert not [text for text in asyncio.run(main()) if "canary" in text]


def _contents(home: Path) -> list[str]:
    return [file.read_text() for file in home.rglob("*") if file.is_file()]


def test_files_are_private(local: ShellHost, home: Path) -> None:
    """Nobody but the deploy user can read what an operation keeps or makes."""
    operate(local, "echo x >made")
    assert not [file for file in home.rglob("*") if file.stat().st_mode & 0o077]


def test_background_children_do_not_hold_it(local: ShellHost) -> None:
    """An operation has ended when its command has, though a child of it keeps its output open."""
    began = time.monotonic()
    outcome = operate(local, "sleep 5 & echo $!")
    assert time.monotonic() - began < 4
    os.kill(int(outcome.output), signal.SIGKILL)


def test_huge_output_is_cut_to_its_tail(local: ShellHost, home: Path) -> None:
    """Of a flood the last 64 KiB come back, at most 1 MiB stays on the disk, and characters are whole."""
    flood = 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); printf "%0100000d" 0; done; echo 가나다; echo end'
    outcome = operate(local, flood)
    assert outcome.output.endswith("가나다\nend\n")
    assert len(outcome.output.encode()) == 65536
    assert (place(home) / "output").stat().st_size == 1048576


def test_output_is_cut_between_characters(local: ShellHost) -> None:
    """A tail that begins inside a Korean letter begins with the next."""
    outcome = operate(local, "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); printf 가나다라마바사아자차; done; echo")
    assert set(outcome.output) == set("가나다라마바사아자차\n")


def test_a_process_that_was_killed_is_lost(local: ShellHost, home: Path) -> None:
    """When the process is gone without an exit status the host says LOST, and the same id is not started again."""

    async def main() -> list[Outcome]:
        running = asyncio.create_task(local.operate(operation("echo once >>effects; sleep 30"), timeout=20))
        await started(home)
        await until(lambda: (home / "effects").exists() and (home / "effects").read_text() == "once\n")
        os.killpg(leader(home), signal.SIGKILL)
        return [await running, await local.operate(operation("echo twice >>effects"), timeout=10)]

    assert {outcome.status for outcome in asyncio.run(main())} == {Status.LOST}
    assert (home / "effects").read_text() == "once\n"


def _as_if_unfinished(home: Path, *, pid: int, start: str) -> None:
    (place(home) / "status").unlink()
    (place(home) / "pid").write_text(f"{pid} {start}\n")


def _start_time(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_a_pid_of_somebody_else_is_not_ours(local: ShellHost, home: Path) -> None:
    """A living process with the same pid but another start time is another process: LOST, and a cancel spares it."""
    operate(local, "true")
    with subprocess.Popen(["sleep", "30"], start_new_session=True) as stranger:
        _as_if_unfinished(home, pid=stranger.pid, start="1")
        assert asyncio.run(local.status("op1")).status is Status.LOST
        assert asyncio.run(local.cancel("op1")).status is Status.LOST
        assert stranger.poll() is None
        (place(home) / "pid").write_text(f"{stranger.pid} {_start_time(stranger.pid)}\n")
        assert asyncio.run(local.status("op1")).status is Status.RUNNING
        (place(home) / "boot").write_text("another-boot\n")
        assert asyncio.run(local.status("op1")).status is Status.LOST
        assert asyncio.run(local.cancel("op1")).status is Status.LOST
        assert stranger.poll() is None
        stranger.kill()


def test_a_zombie_does_not_run(local: ShellHost, home: Path) -> None:
    """A process that has ended but that nobody has reaped is not running."""
    operate(local, "true")
    with subprocess.Popen(["sleep", "30"]) as child:
        _as_if_unfinished(home, pid=child.pid, start=_start_time(child.pid))
        assert asyncio.run(local.status("op1")).status is Status.RUNNING
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert asyncio.run(local.status("op1")).status is Status.LOST


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "-x", "a b", "x" * 129, "a\n"])
def test_an_id_is_a_plain_name(tmp_path: Path, key: str) -> None:
    """An id that could leave its folder never reaches the host."""
    with pytest.raises(WordRefused):
        operate(local_host(tmp_path), "true", key=key)


def test_a_host_without_setsid_says_so(home: Path, tmp_path: Path) -> None:
    """What a host lacks is named, and nothing is started."""
    tools = tmp_path / "few"
    tools.mkdir()
    for tool in ("sh", "cat", "mkdir", "flock"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    with pytest.raises(HostUnusable, match="setsid is not installed"):
        operate(local_host(home, environment={"PATH": str(tools)}), "true")


def test_a_home_that_is_missing_is_unusable(tmp_path: Path) -> None:
    """Without a home directory nothing is done anywhere else."""
    with pytest.raises(HostUnusable, match="no home directory"):
        operate(local_host(tmp_path / "none"), "true")
