"""``golive`` as a program of its own: exit codes, languages, terminals and pipes."""

import os
import pty
import signal
import subprocess
import time

import pytest

from golive.cli.locale import default_locale
from golive.ledger import NewEvent
from golive.ledger.events import release_stream
from tests.domain.cli.history import NEW

SECONDS = 60


def test_the_terminal_s_language_and_the_exit_code(program):
    """A program speaks the terminal's language, ends with the documented code, and keeps errors off its output."""
    done = program.run("status", LANG="ko_KR.UTF-8")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("golive: 원장을 찾을 수 없습니다.")
    done = program.run("--locale", "en", "nosuch", LANG="ko_KR.UTF-8")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("golive: there is no command “nosuch”.")


@pytest.mark.parametrize(
    ("environ", "locale"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "GOLIVE_LOCALE": "ko"}, "ko"),
    ],
)
def test_the_language_that_is_chosen(environ, locale):
    """``GOLIVE_LOCALE`` stands before the terminal's variables; what we do not speak becomes English."""
    assert default_locale(environ) == locale


def test_following_ends_with_130(program, configured, ledger):
    """``--follow`` prints what is recorded later, and Ctrl-C ends it with 130."""
    ledger.record(release_stream(NEW), NewEvent("first"))
    command = program.command("ledger", "show", NEW, "--follow", "--json")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env={**program.environment, **configured}, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            assert '"first"' in process.stdout.readline()
            ledger.record(release_stream(NEW), NewEvent("second"))
            assert '"second"' in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 130
            assert process.stdout.read() == ""
        finally:
            process.kill()


def test_a_terminal_sees_live_progress(program, configured, environments, manifest):
    """On a terminal progress is a live line, drawn with control sequences."""
    environment = {**program.environment, **configured, "TERM": "xterm"}
    command = program.command("submit", manifest, "--person", "kim.release")
    main, side = pty.openpty()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=side) as process:
        os.close(side)
        seen = _read(main)
        assert process.wait(SECONDS) == 0
    assert "\x1b[" in seen
    assert f"recording {NEW} with its files" in seen


def _read(terminal: int) -> str:
    """Everything until the other side is closed."""
    found = b""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        found += piece
    os.close(terminal)
    return found.decode()
