"""Lost connections, killed processes, a restarted server: no half batch, no batch twice."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from golive.ledger import Ledger, verify
from golive.ledger.errors import LedgerBusy, LedgerUnreachable
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.ledger.problems import What
from golive.stages.fencing import take
from tests.domain.ledger.proxy import Mode, Proxy

Through = Callable[..., tuple[Ledger, Proxy]]


@pytest.fixture
def through(ledger: Ledger, postgres: Any, ledger_database: str) -> Iterator[Through]:
    """Makes the same ledger behind a proxy that loses connections."""
    opened: list[Any] = []

    def make(mode: Mode, times: int = 1, patience: float = 10.0) -> tuple[Ledger, Proxy]:
        proxy = Proxy(postgres.port, "pass")
        url = proxy.url(postgres.url(ledger_database, "worker", "worker"))
        behind = Ledger(url, signer=ledger.signer, heads=ledger.heads, patience=patience)
        behind.now()
        proxy.mode, proxy.times = mode, times
        opened.extend((behind, proxy))
        return behind, proxy

    yield make
    for closable in opened:
        closable.close()


@pytest.mark.parametrize("mode", ["cut before", "cut after"])
def test_a_commit_whose_answer_is_lost_counts_once(
    ledger: Ledger, through: Through, tmp_path: Path, stream: str, mode: Mode
) -> None:
    """Whether the connection is lost before or after the commit, one batch is written, and the caller gets it."""
    ledger.record(stream, NewEvent("before"))
    behind, proxy = through(mode)
    written = behind.record(stream, NewEvent("a"), NewEvent("b"))
    assert proxy.reached.is_set()
    assert ledger.read(stream)[1:] == written
    assert [event.kind for event in written] == ["a", "b"]
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()


def test_a_lease_taken_over_a_lost_answer(ledger: Ledger, through: Through, stream: str) -> None:
    """The tokens are right also when the commit that gave them was never acknowledged."""
    behind, _ = through("cut after")
    assert take(behind, stream, ["app1", "app2"], "a").tokens == {"app1": 1, "app2": 1}
    assert len(ledger.read(environment_stream(stream))) == 2


def test_a_connection_that_stays_lost_is_told(ledger: Ledger, through: Through, stream: str) -> None:
    """When patience ends, the ledger is called unreachable, and the batch is not there."""
    behind, _ = through("cut before", times=1000, patience=0.3)
    with pytest.raises(LedgerUnreachable):
        behind.record(stream, NewEvent("a"))
    assert ledger.read(stream) == ()


def test_a_process_killed_at_its_commit_leaves_nothing(
    ledger: Ledger, through: Through, tmp_path: Path, stream: str
) -> None:
    """Killed when everything is inserted and nothing committed, a process leaves no row and no lock."""
    behind, proxy = through("hold")
    child = _fork(lambda: behind.record(stream, NewEvent("a"), NewEvent("b")))
    assert proxy.reached.wait(20)
    _kill(child)
    proxy.close()
    ledger.record(stream, NewEvent("c"))
    assert [event.kind for event in ledger.read(stream)] == ["c"]
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()


def test_processes_killed_anywhere_leave_whole_batches(ledger: Ledger, tmp_path: Path, stream: str) -> None:
    """Killed again and again while appending, a writer leaves only whole batches; at most its last head is missing."""

    def append_for_ever() -> None:
        while True:
            ledger.record(stream, *(NewEvent("x", {"n": number}) for number in range(5)))

    for turn in range(5):
        child = _fork(append_for_ever)
        _wait_for(lambda least=5 * turn + 5: len(ledger.read(stream)) >= least)
        time.sleep(0.013 * turn)
        _kill(child)
    events = ledger.read(stream)
    assert [event.data["n"] for event in events] == [0, 1, 2, 3, 4] * (len(events) // 5)
    problems = verify(ledger, tmp_path / "key.pub", ledger.heads, stream)
    assert {problem.what for problem in problems} <= {What.HEAD_MISSING}
    ledger.confirm_heads()
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()


def test_connections_cut_by_the_server(
    ledger: Ledger, postgres: Any, ledger_database: str, tmp_path: Path, stream: str
) -> None:
    """While the server ends all connections again and again, every append arrives exactly once."""
    count = "SELECT count(*) FROM ledger.event WHERE stream = %s"
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with ThreadPoolExecutor(4) as pool, postgres.connect(ledger_database) as connection:
        appends = [pool.submit(ledger.record, stream, NewEvent("x", {"n": number})) for number in range(40)]
        for least in range(3, 33, 5):
            _wait_for(lambda wanted=least: connection.execute(count, (stream,)).fetchone()[0] >= wanted)
            connection.execute(cut, (ledger_database,))
        for append in appends:
            append.result(30)
    assert sorted(event.data["n"] for event in ledger.read(stream)) == list(range(40))
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()


def test_a_server_that_restarts(ledger: Ledger, postgres: Any, tmp_path: Path, stream: str) -> None:
    """A crash and restart of the server only delays an append."""
    ledger.record(stream, NewEvent("a"))
    postgres.stop(signal.SIGQUIT)
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(ledger.record, stream, NewEvent("b"))
        postgres.start()
        appending.result(20)
    assert [event.kind for event in ledger.read(stream)] == ["a", "b"]
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()


def test_a_stream_that_stays_locked(ledger: Ledger, reader: Ledger, monkeypatch: Any, stream: str) -> None:
    """An append that waits too long for the stream gives up and says so; readers never wait."""
    from golive.ledger import database

    monkeypatch.setitem(database._SERVER, "lock_timeout", "100ms")
    waiting = Ledger(ledger.database._url, signer=ledger.signer, heads=None)

    def decide(_events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        with pytest.raises(LedgerBusy):
            waiting.record(stream, NewEvent("b"))
        assert reader.read(stream) == ()
        return [NewEvent("a")]

    ledger.append(stream, decide)
    waiting.record(stream, NewEvent("c"))
    assert [event.kind for event in ledger.read(stream)] == ["a", "c"]
    waiting.close()


def test_a_session_lock_is_one_holders(ledger: Ledger, reader: Ledger, stream: str) -> None:
    """Only one gets a session lock; it is free again after the block, also after an error."""
    with ledger.session_lock(stream) as first, reader.session_lock(stream) as second:
        assert (first, second) == (True, False)
        with reader.session_lock(f"{stream}/other") as other:
            assert other
    with pytest.raises(KeyError), ledger.session_lock(stream):
        raise KeyError
    with reader.session_lock(stream) as again:
        assert again


def test_a_session_lock_dies_with_its_process(ledger: Ledger, stream: str) -> None:
    """A killed process does not keep its session lock."""

    def hold() -> None:
        with ledger.session_lock(stream) as acquired:
            assert acquired
            ledger.record(stream, NewEvent("held"))
            time.sleep(30)

    child = _fork(hold)
    _wait_for(lambda: bool(ledger.read(stream)))
    with ledger.session_lock(stream) as taken:
        assert not taken
    _kill(child)

    def free() -> bool:
        with ledger.session_lock(stream) as taken:
            return taken

    _wait_for(free)


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
        finally:
            os._exit(1)
    return child


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
