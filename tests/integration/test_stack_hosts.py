"""The stack's hosts and balancers, with each SSH server: what their commands do."""

import asyncio
import dataclasses
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from golive.hosts.errors import LoginRefused
from golive.hosts.ssh import connect
from golive.hosts.values import Credentials, HostAddress
from golive.release.environment import load_environment
from golive.secret import Secret
from golive_stack import hosts, lifecycle
from golive_stack.info import Info
from tests.integration.homes import empty_home, run_on, silent

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["sshd", "asyncssh"])
def stack(request: pytest.FixtureRequest) -> Iterator[Info]:
    """The hosts, once with each SSH server."""
    if request.param == "sshd" and hosts.sshd.find() is None:
        pytest.skip("OpenSSH's server is not installed")
    with pytest.MonkeyPatch.context() as patch, empty_home() as home:
        patch.setenv("GOLIVE_SSH", request.param)
        yield lifecycle.up(home, silent, {"hosts"})


def test_every_host_runs_commands_in_its_own_home(stack: Info) -> None:
    """Each of the five hosts answers as itself, in a home of its own."""
    homes = [run_on(stack, row.environment, row.name, 'printf %s "$HOME"; exit 7') for row in hosts.HOSTS]
    wanted = [(7, str(stack.home.host(row.environment, row.name) / "home")) for row in hosts.HOSTS]
    assert homes == wanted


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
