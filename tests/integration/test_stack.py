"""The embedded stack for real: up, taken over, killed, down, its hosts and its ports."""

import asyncio
import dataclasses
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from golive.hosts.errors import LoginRefused
from golive.hosts.ssh import connect
from golive.hosts.values import Command, Credentials, HostAddress
from golive.ledger import Ledger, Signer
from golive.ledger.events import NewEvent
from golive.release.environment import Environment, load_environment
from golive.secret import Secret
from golive_stack import hosts, lifecycle, processes
from golive_stack.errors import Busy, NotUp, PortTaken
from golive_stack.home import REPOSITORY, Home
from golive_stack.info import Info, info
from golive_stack.locking import exclusive
from golive_stack.state import State

pytestmark = pytest.mark.integration
PARTS = frozenset({"postgres", "hosts", "slack"})


def silent(_line: str) -> None:
    return None


def survivors(home: Home) -> list[str]:
    """What still runs for ``home``: by its mark, or by the folder in its command line."""
    marked = {process.pid for process in processes.sweep(home)}
    named = {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and str(home.root) in " ".join(process.info["cmdline"] or ())
    }
    return [" ".join(psutil.Process(pid).cmdline()) for pid in marked | named if psutil.pid_exists(pid)]


@contextmanager
def empty_home() -> Iterator[Home]:
    # Not under tmp_path: as root, PostgreSQL runs as another user, who may not enter pytest's private folders.
    folder = Path(tempfile.mkdtemp(prefix="golive-stack-"))
    home = Home(folder / "home")
    yield home
    lifecycle.down(home, silent)
    left = survivors(home)
    shutil.rmtree(folder)
    assert left == []


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that is empty, and is left without a process."""
    with empty_home() as home:
        yield home


@pytest.fixture(scope="module", params=["sshd", "asyncssh"])
def stack(request: pytest.FixtureRequest) -> Iterator[Info]:
    """The hosts, once with each SSH server."""
    if request.param == "sshd" and hosts.sshd.find() is None:
        pytest.skip("OpenSSH's server is not installed")
    with pytest.MonkeyPatch.context() as patch, empty_home() as home:
        patch.setenv("GOLIVE_SSH", request.param)
        yield lifecycle.up(home, silent, {"hosts"})


def run_on(stack: Info, environment: str, name: str, script: str, seconds: float = 20) -> tuple[int | None, str]:
    """Exit status and output of ``script`` on a host, by the domain's own transport."""
    described = load_environment(stack.environments[environment]).hosts[name]
    address = HostAddress(name, described.address, described.port, described.user, described.host_key)
    key = Secret((stack.home.keys / f"deploy-{environment}").read_text())

    async def run() -> tuple[int | None, str]:
        async with connect(address, Credentials(private_key=key)) as host:
            outcome = await host.run(Command("test", script), timeout=seconds)
            return outcome.exit_status, outcome.output

    return asyncio.run(run())


def test_every_host_runs_commands_in_its_own_home(stack: Info) -> None:
    """Each of the five hosts answers as itself, in a home of its own."""
    homes = [run_on(stack, row.environment, row.name, 'printf %s "$HOME"; exit 7') for row in hosts.HOSTS]
    wanted = [(7, str(stack.home.host(row.environment, row.name) / "home")) for row in hosts.HOSTS]
    assert homes == wanted


def test_what_a_host_left_running_ends_with_the_stack(home: Home) -> None:
    """A service that a host command started in a session of its own is gone after ``down``."""
    stack = lifecycle.up(home, silent, {"hosts"})
    assert run_on(stack, "test", "app1", "setsid sleep 600 </dev/null >/dev/null 2>&1 &")[0] == 0
    assert [p for p in processes.sweep(home) if p.name() == "sleep"]
    lifecycle.down(home, silent)
    assert [p for p in processes.sweep(home) if p.name() == "sleep"] == []


def test_a_session_does_not_wait_for_what_runs_on(stack: Info) -> None:
    """A command that leaves something running in the background ends; its output and input are whole."""
    began = time.monotonic()
    assert run_on(stack, "test", "app1", "sleep 30 & head -c 300000 /dev/zero | wc -c") == (0, "300000\n")
    assert time.monotonic() - began < 15


def test_only_the_key_and_the_user_open_a_host(stack: Info) -> None:
    """The other environment's key, and another user's name, are refused."""
    key = Secret((stack.home.keys / "deploy-production").read_text())
    described = load_environment(stack.environments["test"]).hosts["app1"]
    address = HostAddress("app1", described.address, described.port, described.user, described.host_key)

    async def enter(address: HostAddress, key: Secret) -> None:
        async with connect(address, Credentials(private_key=key)):
            pytest.fail("it let us in")

    with pytest.raises(LoginRefused):
        asyncio.run(enter(address, key))
    own = Secret((stack.home.keys / "deploy-test").read_text())
    with pytest.raises(LoginRefused):
        asyncio.run(enter(dataclasses.replace(address, user="somebody"), own))


def test_a_host_with_a_file_limit_has_a_full_disk(stack: Info) -> None:
    """Writing past the limit fails with an error on that host alone, and works again once the limit is lifted."""
    write = "cd && head -c 200000 /dev/zero >big; wc -c <big"
    hosts.restart(stack.home, "production", "app2", limit_file_kb=64)
    assert run_on(stack, "production", "app2", write)[1].split()[-1] == str(64 * 1024)
    assert run_on(stack, "production", "app2", "cd && head -c 200000 /dev/zero >big")[0] != 0
    assert run_on(stack, "production", "app1", write) == (0, "200000\n")
    hosts.restart(stack.home, "production", "app2")
    assert run_on(stack, "production", "app2", write) == (0, "200000\n")


def test_databases_and_ledger_are_there(home: Home) -> None:
    """The roles of the example enter their own database only, and the ledger takes a signed event."""
    stack = lifecycle.up(home, silent, {"postgres"})
    state = State(home.state)
    for environment in ("test", "production"):
        name = f"contact_center_{environment}"
        url = stack.postgres.url(name, name, state.password(f"database/{environment}"))
        with psycopg.connect(url.reveal(), connect_timeout=5) as session:
            assert session.execute("SHOW wal_level").fetchone() == ("logical",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(stack.postgres.url("golive_ledger", "golive_tasks", Secret("wrong")).reveal())
    ledger = Ledger(stack.ledger, signer=Signer.load(stack.signing_key), heads=stack.heads)
    ledger.record("organization", NewEvent("noted", {"what": "the stack is up"}))
    assert [event.kind for event in ledger.read("organization")] == ["noted"]
    ledger.close()


def test_environment_files_are_valid_and_name_what_runs(home: Home) -> None:
    """What ``up`` writes is read by the domain, and its ports are those of living servers."""
    stack = lifecycle.up(home, silent, {"hosts"})
    files: list[Environment] = [load_environment(file) for file in stack.environments.values()]
    assert [sorted(file.hosts) for file in files] == [["app1"], ["app1", "app2", "app3", "lb1"]]
    for file in files:
        for port in [host.port for host in file.hosts.values()] + [file.balancers["front"].port]:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        assert all(Path(tool).exists() for tool in file.tools.values())


def test_a_second_up_takes_over_and_starts_what_is_missing(home: Home) -> None:
    """Living processes keep their pids, a killed one comes back, and ports and passwords stay."""
    first = lifecycle.up(home, silent, PARTS)
    os.kill(first.processes["host-test-app1"], signal.SIGKILL)
    second = lifecycle.up(home, silent, PARTS)
    assert second.processes.pop("host-test-app1") != first.processes.pop("host-test-app1")
    assert second.processes == first.processes
    assert second.people == first.people
    assert (second.page, second.balancers) == (first.page, first.balancers)


def test_restart_gives_one_process_a_new_life(home: Home) -> None:
    """Only the named process changes; an unknown one is refused."""
    first = lifecycle.up(home, silent, {"postgres"})
    lifecycle.restart(home, "postgres", silent)
    assert info(home).processes["postgres"] != first.processes["postgres"]
    with pytest.raises(NotUp):
        lifecycle.restart(home, "no-such-process", silent)


def test_a_port_held_by_another_program_is_named(home: Home) -> None:
    """``up`` does not fight for a remembered port: it says which, whose, and what to do."""
    lifecycle.up(home, silent, {"hosts"})
    lifecycle.down(home, silent)
    port = State(home.state).port("host-test-app1")
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken) as refused:
        lifecycle.up(home, silent, {"hosts"})
    assert refused.value.data["port"] == port
    assert str(os.getpid()) in str(refused.value)


def _up_in_a_process(home: Home) -> "subprocess.Popen[bytes]":
    program = "from golive_stack import lifecycle; lifecycle.up(parts={'postgres', 'hosts', 'slack'})"
    environment = {**os.environ, "GOLIVE_HOME": str(home.root), "PYTHONPATH": str(REPOSITORY / "include")}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("seconds", [0.6, 1.2, 2.0, 3.0])
def test_down_leaves_nothing_behind_a_killed_up(home: Home, seconds: float) -> None:
    """Wherever ``up`` is killed, ``down`` finds all that it had started."""
    up = _up_in_a_process(home)
    time.sleep(seconds)
    up.kill()
    up.wait(10)
    lifecycle.down(home, silent)
    assert survivors(home) == []


def test_two_ups_at_once_make_one_stack(home: Home) -> None:
    """The second waits for the first and takes over."""
    ups = [_up_in_a_process(home) for _ in range(2)]
    assert [up.wait(60) for up in ups] == [0, 0]
    started = [line for line in (home.log("postgres")).read_text().splitlines() if "ready to accept" in line]
    assert len(started) == 1


def test_a_home_at_work_is_not_touched(home: Home) -> None:
    """While another ``up`` or ``down`` holds the home, waiting ends with a clear refusal."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with exclusive(home):
            held.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    with pytest.raises(Busy), exclusive(home, seconds=0.3):
        pytest.fail("two at once")
    release.set()
    holder.join()


SERVERS = "upstream api {{ server 127.0.0.1:{0}{2}; server 127.0.0.1:{1}; }}"
WRITE = "cd && cat >balancer/upstream.conf <<'END'\n{0}\nEND\nbin/balancer-reload"


class Slow(http.server.BaseHTTPRequestHandler):
    """Says its port, on ``/slow`` once it is told to."""

    go_on = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.go_on.wait(20)
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def servers() -> Iterator[list[int]]:
    """The ports of two running services."""
    running = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) for _ in range(2)]
    for server in running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_address[1] for server in running]
    for server in running:
        server.shutdown()
        server.server_close()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


def balancer(stack: Info, script: str) -> dict[str, Any]:
    status, output = run_on(stack, "production", "lb1", script)
    assert status == 0, output
    return dict(json.loads(output))


def test_a_host_drives_its_balancer(stack: Info, servers: list[int]) -> None:
    """Servers come and go by a file and a command; a bad file is refused and changes nothing."""
    url = stack.balancers["production"]
    with pytest.raises(urllib.error.HTTPError, match="503"):
        fetch(url)
    assert balancer(stack, WRITE.format(SERVERS.format(*servers, "")))["upstream"] == "api"
    assert {fetch(url) for _ in range(4)} == {str(port) for port in servers}

    status, output = run_on(stack, "production", "lb1", WRITE.format("upstream api { server nowhere; }"))
    assert (status, "line 1" in output) == (1, True)
    assert {fetch(url) for _ in range(4)} == {str(port) for port in servers}

    balancer(stack, WRITE.format(SERVERS.format(*servers, " down")))
    assert {fetch(url) for _ in range(4)} == {str(servers[1])}
    balancer(stack, WRITE.format(""))


def test_a_drained_server_finishes_what_it_began(stack: Info, servers: list[int]) -> None:
    """A request in flight is counted until it ends, also when its server is taken down meanwhile."""
    Slow.go_on.clear()
    url = stack.balancers["production"]
    balancer(stack, WRITE.format(f"upstream api {{ server 127.0.0.1:{servers[0]}; }}"))
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(fetch, f"{url}/slow")
        time.sleep(0.5)
        status = balancer(stack, WRITE.format(SERVERS.format(*servers, " down")))
        assert [(row["state"], row["in_flight"]) for row in status["servers"]] == [("down", 1), ("up", 0)]
        assert fetch(url) == str(servers[1])
        Slow.go_on.set()
        assert slow.result(20) == str(servers[0])
    status = balancer(stack, "bin/balancer-status")
    assert [row["in_flight"] for row in status["servers"]] == [0, 0]
    balancer(stack, WRITE.format(""))
