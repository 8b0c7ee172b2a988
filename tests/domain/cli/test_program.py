"""``golive`` as a program: exit codes, languages, terminals and pipes."""

import os
import pty
import signal
import subprocess
import time

from golive.ledger import NewEvent
from golive.ledger.events import release_stream
from tests.domain.cli.history import NEW

SECONDS = 60


def test_the_terminal_s_language(program, tmp_path):
    """``LANG`` chooses the language, ``GOLIVE_LOCALE`` stands before it, ``--locale`` before both."""
    file = tmp_path / "none.yaml"
    korean = program.run("validate", file, LANG="ko_KR.UTF-8")
    assert korean.returncode == 2
    assert "파일을 사용할 수 없습니다" in korean.stderr or "문제" in korean.stderr
    english = program.run("validate", file, LANG="ko_KR.UTF-8", GOLIVE_LOCALE="en")
    assert "cannot be used" in english.stderr
    assert "cannot be used" in program.run("--locale", "en", "validate", file, LANG="ko_KR.UTF-8").stderr


def test_exit_codes(program, tmp_path):
    """A program's exit status is the documented one, and its standard output stays free of errors."""
    for words, code in ((("--help",), 0), (("nosuch",), 64), (("status",), 5)):
        done = program.run(*words)
        assert done.returncode == code
        assert bool(done.stdout) == (code == 0)
        assert bool(done.stderr) == (code != 0)


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
    """On a terminal progress is a live line, drawn with control sequences; into a pipe it is one plain line."""
    environment = {**program.environment, **configured, "TERM": "xterm"}
    command = program.command("submit", manifest, "--person", "kim.release")
    main, side = pty.openpty()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=side) as process:
        os.close(side)
        seen = _read(main)
        assert process.wait(SECONDS) == 0
    assert "\x1b[" in seen
    assert f"recording {NEW} with its files" in seen
    plain = program.run("submit", manifest, "--person", "kim.release", **configured)
    assert plain.stderr == f"recording {NEW} with its files\n"
    assert "\x1b" not in plain.stdout


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
