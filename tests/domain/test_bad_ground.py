"""What hosts lack and who holds their ports: asked by a real shell, said in both languages."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from golive.hosts.values import Command
from golive.secret import Secret
from golive.stages.definition import Scope
from golive.stages.errors import SecretMissing
from golive.stages.facts import HostFacts, Requirements, facts_command, judge, read_facts
from golive.stages.install import rendered_files
from golive.stages.layout import component_directories
from golive.stages.listeners import Listeners, listeners_command, read_listeners, taken
from golive.stages.runtime import Connection
from golive.stages.service import control_script, launch_script
from golive.texts import LOCALES
from tests.domain.stages.history import subject

NOBODY = 65534
PYTHON = sys.executable
SERVE = "import os, socket, sys, time; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); time.sleep(60)"


def said(home: Path, command: Command, **more: object) -> str:
    """What a command prints in a home directory, run as a host would run it."""
    environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    words = ("sh", "-c", command.script)
    done = subprocess.run(words, cwd=home, env=environment, capture_output=True, timeout=30, check=True, **more)
    return done.stdout.decode()


@contextmanager
def service(home: Path, port: int) -> Iterator[None]:
    """Version 1 of ``api``, started by its control as the cutover starts it."""
    for name in component_directories("api"):
        (home / name).mkdir(parents=True, exist_ok=True)
    root, release = home / "components" / "api", home / "components" / "api" / "releases" / "1.0.0-old"
    (release / ".golive").mkdir(parents=True)
    launch = launch_script("components/api/releases/1.0.0-old", (PYTHON, "-c", SERVE))
    (release / ".golive" / "launch").write_text(launch)
    (root / "control").write_text(control_script("api", 2))
    environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    control = ("sh", str(root / "control"))
    subprocess.run((*control, "start", "live", "1.0.0-old", str(port)), env=environment, timeout=20, check=True)
    try:
        _until_listening(port)
        yield
    finally:
        subprocess.run((*control, "stop", "live", "2"), env=environment, timeout=20, check=True)


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(port)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("locale", LOCALES)
def test_a_stranger_on_a_port_is_named(tmp_path: Path, locale: str) -> None:
    """Port, program, pid and user stand in the message; a free port is not spoken of."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = {server.getsockname()[1]: "api", free_port(): "api"}
        lines = taken(read_listeners(said(tmp_path, listeners_command(wanted))), wanted, locale)
    (line,) = lines
    for part in (str(server and next(iter(wanted))), f"pid {os.getpid()}", "python", "api"):
        assert part in line


def test_a_stranger_on_all_addresses_of_ipv6_is_found(tmp_path: Path) -> None:
    """A server on [::] takes the port of every address."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        wanted = {server.getsockname()[1]: "api"}
        assert len(taken(read_listeners(said(tmp_path, listeners_command(wanted))), wanted, "en")) == 1


def test_our_own_old_version_is_no_stranger(tmp_path: Path) -> None:
    """What the component's control started holds its own port; to another component it is a stranger."""
    port = free_port()
    with service(tmp_path, port):
        found = read_listeners(said(tmp_path, listeners_command({port: "api"})))
        assert taken(found, {port: "api"}, "en") == ()
        other = read_listeners(said(tmp_path, listeners_command({port: "web"})))
        assert len(taken(other, {port: "web"}, "en")) == 1


def test_a_record_of_a_process_that_is_gone_makes_nobody_our_own(tmp_path: Path) -> None:
    """A pid that was used again, or counted before a reboot, is not taken for our process."""
    (tmp_path / "components" / "api" / "run").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        record = f"{os.getsid(0)} unknown 1 1.0.0-old 1\n"
        (tmp_path / "components" / "api" / "run" / "live.process").write_text(record)
        wanted = {server.getsockname()[1]: "api"}
        found = read_listeners(said(tmp_path, listeners_command(wanted)))
    assert found.own == {}
    assert len(taken(found, wanted, "ko")) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's program needs root to start it")
@pytest.mark.parametrize("locale", LOCALES)
def test_a_stranger_that_cannot_be_seen_is_named_by_its_user(tmp_path: Path, locale: str) -> None:
    """The deploy user may not look into root's processes: the message says whose it is and how root finds it."""
    with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as server:
        Path(home).chmod(0o755)
        wanted = {server.getsockname()[1]: "api"}
        output = said(Path(home), listeners_command(wanted), user=NOBODY)
    (line,) = taken(read_listeners(output), wanted, locale)
    assert "root" in line
    assert "ss -ltnp" in line


def test_a_program_s_name_forges_no_line(tmp_path: Path) -> None:
    """A stranger's command line is one printable line, whatever it holds."""
    port = free_port()
    words = (PYTHON, "-c", SERVE, "x\nown=api 1\nholder=1 root 1 1 \x1b[31m\u202e<!channel>")
    stranger = subprocess.Popen(words, env={"PORT": str(port)})
    try:
        _until_listening(port)
        found = read_listeners(said(tmp_path, listeners_command({port: "api"})))
    finally:
        stranger.kill()
        stranger.wait(10)
    assert found.own == {}
    assert {holder.port for holder in found.holders} == {port}
    (line,) = taken(found, {port: "api"}, "en")
    assert line.isprintable()


def test_nothing_is_found_where_nobody_listens() -> None:
    """No holder, no line."""
    assert taken(Listeners((), {}), {1: "api"}, "en") == ()


NEEDED = Requirements(0, 0, ("sh", "no-such-program"), ("/no/such/tool",), (".", ".golive", "components", "backups"))


def test_folders_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    """A home without the right to write, and a file where a folder must be; what is not there yet can be made."""
    home = Path(tempfile.mkdtemp())
    try:
        (home / "components").write_text("a file")
        home.chmod(0o555)
        user = NOBODY if os.geteuid() == 0 else None
        facts = read_facts(said(home, facts_command(NEEDED), user=user))
    finally:
        home.chmod(0o700)
        shutil.rmtree(home)
    assert facts.unwritable == (f"{home}/", f"{home}/components")
    assert facts.missing == {"no-such-program", "/no/such/tool"}


def test_a_home_of_one_s_own_can_be_written(tmp_path: Path) -> None:
    """Empty or in use, it lacks nothing."""
    assert read_facts(said(tmp_path, facts_command(NEEDED))).unwritable == ()
    (tmp_path / ".golive").mkdir()
    assert read_facts(said(tmp_path, facts_command(NEEDED))).unwritable == ()


@pytest.mark.parametrize("locale", LOCALES)
def test_all_that_is_missing_is_told_at_once(locale: str) -> None:
    """Each thing in words of its own, with its numbers, in the language of the release."""
    values = {"disk_mb": "12", "memory_mb": "34", "time": "1000"}
    facts = HostFacts(values, frozenset({"setsid"}), ("/home/deploy/",))
    lines = judge(facts, Requirements(64, 128, (), ()), 1041, locale)
    for line, parts in zip(lines, (("setsid",), ("/home/deploy/",), ("12", "64"), ("34", "128"), ("41",)), strict=True):
        assert all(part in line for part in parts)


@pytest.mark.parametrize(("wanted", "given"), [("password", "a word"), ("user", "deploy"), ("private_key", "a key")])
def test_a_secret_is_the_field_that_is_meant(wanted: str, given: str) -> None:
    """A configuration gets the field of the connection that the manifest names, and none that is empty."""
    connection = Connection("127.0.0.1", 1, "deploy", Secret("a word"), Secret("a key"))
    full, empty = (_scope(wanted, found) for found in (connection, Connection("127.0.0.1", 1, "")))
    ((_, _, content),) = rendered_files(full, "api")
    assert content == f"{given}\n"
    with pytest.raises(SecretMissing, match=wanted):
        rendered_files(empty, "api")


def _scope(wanted: str, connection: Connection) -> Scope:
    what = subject(
        ("field: password", f"field: {wanted}"),
        ("variables: [environment_title, database_host, database_port, database_name, database_user]", "variables: []"),
    )
    texts = dict.fromkeys(what.files.values(), "@database_password@\n")
    return Scope(what.manifest, what.environment, what.placements, what.files, texts, lambda _name: connection)
