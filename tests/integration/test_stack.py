"""The embedded stack for real: up, taken over, killed, down, its hosts and its ports."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from golive.ledger import Ledger, Signer
from golive.ledger.events import NewEvent
from golive.release.environment import Environment, load_environment
from golive.secret import Secret
from golive_stack import lifecycle, processes
from golive_stack.errors import Busy, NotUp, PortTaken
from golive_stack.home import REPOSITORY, Home
from golive_stack.info import info
from golive_stack.locking import exclusive
from golive_stack.state import State
from tests.integration.homes import empty_home, run_on, silent, survivors

pytestmark = pytest.mark.integration
PARTS = frozenset({"postgres", "hosts", "slack"})


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that is empty, and is left without a process."""
    with empty_home() as home:
        yield home


def test_what_a_host_left_running_ends_with_the_stack(home: Home) -> None:
    """A service that a host command started in a session of its own is gone after ``down``."""
    stack = lifecycle.up(home, silent, {"hosts"})
    assert run_on(stack, "test", "app1", "setsid sleep 600 </dev/null >/dev/null 2>&1 &")[0] == 0
    assert [p for p in processes.sweep(home) if p.name() == "sleep"]
    lifecycle.down(home, silent)
    assert [p for p in processes.sweep(home) if p.name() == "sleep"] == []


def test_databases_and_ledger_are_there(home: Home) -> None:
    """The roles of the example enter their own database only, and the ledger takes a signed event."""
    stack = lifecycle.up(home, silent, {"postgres"})
    state = State(home.state)
    for environment in ("test", "production"):
        name = f"contact_center_{environment}"
        word = state.password(f"database/{environment}")
        with psycopg.connect(stack.postgres.url(name, name, word).reveal(), connect_timeout=5) as session:
            assert session.execute("SHOW wal_level").fetchone() == ("logical",)
        for other in {"contact_center_test", "contact_center_production", "golive_ledger", "airflow"} - {name}:
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(stack.postgres.url(other, name, word).reveal(), connect_timeout=5)
    with pytest.raises(psycopg.OperationalError, match="password"):
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


@pytest.mark.parametrize("seconds", [0.7, 1.4])
def test_up_after_a_killed_up_makes_a_whole_stack(home: Home, seconds: float) -> None:
    """What the killed one had begun is ended or taken over; nothing half-made is used."""
    up = _up_in_a_process(home)
    time.sleep(seconds)
    up.kill()
    up.wait(10)
    stack = lifecycle.up(home, silent, PARTS)
    with psycopg.connect(stack.ledger_owner.reveal().replace("+psycopg", ""), connect_timeout=5) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    assert len(stack.processes) == 9


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
