"""What is sent is built by pure functions, and what a release did is compared by equality."""

import asyncio
import subprocess
from importlib.resources import files

import pytest

from golive.hosts import operation as build
from golive.hosts.errors import HostUnreachable, StaleToken
from golive.hosts.host import Known
from golive.hosts.recording import RecordingHost
from golive.hosts.values import Command, Operation, Outcome, Status, Upload

SWITCH = Operation("op1", 2, Command("switch", "ln -sfn releases/2.0 next && mv -T next current"))
BUNDLE = Upload("releases/2.0.tar.gz", "sha256:00", 3, 0o600, 2)


def test_a_recording_host_remembers_by_equality() -> None:
    """A recording host holds what it was told, in order, and answers what was scripted."""
    failed = Outcome(Status.FINISHED, 1, "no")
    host = RecordingHost("app1", {"switch": failed})

    async def main() -> list[Outcome]:
        return [
            await host.upload(BUNDLE, [b"abc"], timeout=1),
            await host.operate(SWITCH, timeout=1),
            await host.run(Command("look", "ls"), timeout=1),
            await host.status("op1"),
            await host.status("other"),
        ]

    assert [outcome.exit_status for outcome in asyncio.run(main())] == [0, 1, 0, 1, None]
    assert host.commands == [BUNDLE, SWITCH, Command("look", "ls")]
    assert asyncio.run(host.operations()) == (Known("op1", 2, failed),)


def test_a_recording_host_counts_tokens_and_ids() -> None:
    """It refuses a lower token, and gives the same outcome for the same id, as a real host does."""
    host = RecordingHost("app1", {"look": HostUnreachable(host="app1", cause="test")})

    async def main() -> None:
        await host.operate(SWITCH, timeout=1)
        await host.raise_fence(3)
        with pytest.raises(StaleToken):
            await host.operate(SWITCH, timeout=1)
        with pytest.raises(HostUnreachable):
            await host.run(Command("look", "ls"), timeout=1)

    asyncio.run(main())


def test_a_line_is_a_script_and_words() -> None:
    """A line is a fixed script with the operation's facts as words; the stdin of a command is not in it."""
    command = Command("work", "echo 'it''s'", b"canary")
    line = build.start(Operation("op1", 2, command))
    assert line.startswith("exec sh -c '")
    assert f" golive op1 2 6 {chr(39)}echo " in line
    assert "canary" not in line


@pytest.mark.parametrize(
    ("answer", "report"),
    [
        (b"GOLIVE running\n", build.Report("running", "", "")),
        (b"motd\nGOLIVE finished 3\nout\nGOLIVE lost\n", build.Report("finished", "3", "out\nGOLIVE lost\n")),
        (b"GOLIVE send\nGOLIVE stored\n", build.Report("stored", "", "")),
        (b"sh: not found\n", None),
        (b"", None),
    ],
)
def test_reports_are_read(answer: bytes, report: build.Report | None) -> None:
    """The first report counts; what a login shell said before it is passed over."""
    assert build.read_report(answer) == report


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"], ["bash", "--posix"]])
def test_every_script_is_posix(shell: list[str]) -> None:
    """All scripts are understood by dash, busybox and bash."""
    scripts = [file for file in (files("golive.hosts") / "scripts").iterdir() if file.name.endswith(".sh")]
    assert len(scripts) == 10
    for script in scripts:
        subprocess.run([*shell, "-n"], input=script.read_text(), text=True, check=True, timeout=10)
