"""Appending and reading: one writer, many writers, bad input."""

import copy
import json
import os
import pickle
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from golive.canonical import canonical
from golive.ledger import Ledger, Signer, verify
from golive.ledger.errors import EventInvalid, LedgerBroken, LedgerReadOnly
from golive.ledger.events import Event, NewEvent
from tests.domain.ledger.tamper import Superuser


def test_what_is_recorded_is_read_back(ledger: Ledger, stream: str) -> None:
    """A recorded event comes back with its data, its place in the stream and the database's time."""
    before = ledger.now()
    (written,) = ledger.record(stream, NewEvent("release.submitted", {"files": ["a", "b"], "n": 1}, "kim"))
    assert ledger.read(stream) == (written,)
    assert (written.sequence, written.kind, written.actor) == (1, "release.submitted", "kim")
    assert written.data == {"files": ["a", "b"], "n": 1}
    assert before <= written.at <= ledger.now()
    assert written.at.tzinfo == UTC


def test_another_process_reads_the_same(ledger: Ledger, reader: Ledger, stream: str) -> None:
    """A ledger opened reader, without a key, reads exactly the same events."""
    ledger.record(stream, NewEvent("a", {"이름": "홍길동 👩‍👩‍👧", "quote": "\"'\\"}), NewEvent("b"))
    assert reader.read(stream) == ledger.read(stream)
    assert reader.read(stream, after=1) == ledger.read(stream)[1:]
    assert reader.read("release/unknown") == ()


def test_streams_are_found_by_the_beginning_of_their_names(ledger: Ledger, stream: str) -> None:
    """A prefix is text, so a percent sign or an underscore in it stands for itself."""
    names = (f"{stream}/b", f"{stream}/a", f"{stream}%")
    for name in names:
        ledger.record(name, NewEvent("x"))
    assert ledger.streams(f"{stream}/") == (f"{stream}/a", f"{stream}/b")
    assert ledger.streams(f"{stream}%") == (f"{stream}%",)
    assert ledger.streams(f"{stream}_") == ()
    assert set(names) <= set(ledger.streams())


def test_decide_sees_everything_and_may_add_nothing(ledger: Ledger, stream: str) -> None:
    """``decide`` gets all events, also another writer's, and an empty answer writes nothing."""
    ledger.record(stream, NewEvent("a"))
    seen: list[Sequence[Event]] = []

    def decide(events: Sequence[Event], now: datetime) -> list[NewEvent]:
        seen.append(events)
        assert now >= events[-1].at
        return []

    assert ledger.append(stream, decide) == ()
    assert seen == [ledger.read(stream)]
    assert len(ledger.read(stream)) == 1


def test_a_decision_that_raises_writes_nothing(ledger: Ledger, stream: str) -> None:
    """What ``decide`` raises reaches the caller, and the stream can be used at once."""

    def decide(_events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        raise KeyError("no")

    with pytest.raises(KeyError):
        ledger.append(stream, decide)
    assert ledger.read(stream) == ()
    ledger.record(stream, NewEvent("a"))


def test_recorded_data_cannot_be_changed(ledger: Ledger, stream: str) -> None:
    """An event's data refuses every change, and still copies, pickles and serializes like ordinary JSON."""
    ledger.record(stream, NewEvent("a", {"list": [1, {"deep": []}]}))
    (event,) = ledger.read(stream)
    changes = [
        lambda: event.data.update(x=1),  # type: ignore[attr-defined]
        lambda: event.data["list"].append(2),
        lambda: event.data["list"][1]["deep"].extend([1]),
        lambda: event.data["list"][1].pop("deep"),
        lambda: event.data["list"].__iadd__([2]),
    ]
    for change in changes:
        with pytest.raises(TypeError):
            change()
    plain = {"list": [1, {"deep": []}]}
    assert event.data == plain == json.loads(canonical(event.data))
    assert pickle.loads(pickle.dumps(event)) == event == copy.deepcopy(event)


@pytest.mark.parametrize(
    "event",
    [
        NewEvent("x", {"seconds": 0.5}),
        NewEvent("x", {"half": "\ud800"}),
        NewEvent("x", {"set": {1}}),
        NewEvent("nul\0"),
        NewEvent("x", {}, actor="a\0"),
        NewEvent("\ud800"),
    ],
)
def test_what_has_no_canonical_form_is_refused(ledger: Ledger, event: NewEvent, stream: str) -> None:
    """A float, a lone surrogate, a set or a NUL is refused, and nothing is written."""
    with pytest.raises(EventInvalid):
        ledger.record(stream, NewEvent("fine"), event)
    assert ledger.read(stream) == ()


def test_a_nul_inside_data_is_kept(ledger: Ledger, stream: str) -> None:
    """JSON escapes a NUL inside data, so it is recorded as it is."""
    ledger.record(stream, NewEvent("x", {"text": "a\0b"}))
    assert ledger.read(stream)[0].data == {"text": "a\0b"}


def test_a_ledger_without_a_key_only_reads(reader: Ledger, stream: str) -> None:
    """Without a signer every append is refused, even for a login that could write."""
    with pytest.raises(LedgerReadOnly):
        reader.record(stream, NewEvent("x"))


def test_nothing_is_built_on_events_without_a_batch(ledger: Ledger, superuser: Superuser, stream: str) -> None:
    """An event that someone put behind the end stops every further append to that stream."""
    ledger.record(stream, NewEvent("a"))
    superuser.insert(2)
    with pytest.raises(LedgerBroken) as caught:
        ledger.record(stream, NewEvent("b"))
    assert caught.value.data == {"stream": stream, "sequence": 2}


def test_nothing_is_built_on_a_cut_chain(ledger: Ledger, superuser: Superuser, stream: str) -> None:
    """When the last event is gone but not its batch, appending stops."""
    ledger.record(stream, NewEvent("a"), NewEvent("b"))
    superuser.delete(2)
    with pytest.raises(LedgerBroken):
        ledger.record(stream, NewEvent("c"))


def test_a_changed_event_is_not_read(ledger: Ledger, superuser: Superuser, reader: Ledger, stream: str) -> None:
    """Reading checks the chain, so a decision is never taken on an event that was changed."""
    ledger.record(stream, NewEvent("a"), NewEvent("b"))
    superuser.update_event("actor = 'kim'", 1)
    with pytest.raises(LedgerBroken) as caught:
        reader.read(stream)
    assert caught.value.data == {"stream": stream, "sequence": 1}


def test_a_database_that_was_set_back_is_noticed(ledger: Ledger, superuser: Superuser, stream: str) -> None:
    """What is remembered of a stream is dropped when the database no longer holds it."""
    for name in "abc":
        ledger.record(stream, NewEvent(name))
    superuser.truncate(1)
    assert [event.kind for event in ledger.read(stream)] == ["a"]
    ledger.record(stream, NewEvent("d"))
    assert [event.kind for event in ledger.read(stream)] == ["a", "d"]


def test_threads_and_ledgers_append_without_a_gap(
    ledger: Ledger, postgres: Any, ledger_database: str, tmp_path: Path, stream: str
) -> None:
    """Eight threads over two ledger objects append to one stream: every event is there once, in one chain."""
    other = Ledger(
        postgres.url(ledger_database, "worker", "worker"), signer=Signer.load(tmp_path / "key.pem"), heads=ledger.heads
    )

    def work(number: int) -> None:
        for turn in range(6):
            (ledger, other)[number % 2].record(stream, NewEvent("x", {"who": number, "turn": turn}), NewEvent("y"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    _require_all(other, tmp_path, stream)
    other.close()


def test_forked_processes_append_without_a_gap(ledger: Ledger, tmp_path: Path, stream: str) -> None:
    """Eight processes forked from one that has used the ledger append with connections of their own."""
    ledger.record(f"{stream}/warm", NewEvent("x"))
    children = [_fork(ledger, number, stream) for number in range(8)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    _require_all(ledger, tmp_path, stream)


def test_a_fork_while_a_thread_holds_the_cache(ledger: Ledger, stream: str) -> None:
    """A child forked while another thread holds the parent's locks can append all the same."""
    ledger.record(stream, NewEvent("x"))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with ledger._known._lock:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    child = _fork(ledger, 0, stream)
    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()


def _fork(ledger: Ledger, number: int, stream: str) -> int:
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        status = 1
        try:
            for turn in range(6):
                ledger.record(stream, NewEvent("x", {"who": number, "turn": turn}), NewEvent("y"))
            status = 0
        finally:
            os._exit(status)
    return child


def _require_all(ledger: Ledger, tmp_path: Path, stream: str) -> None:
    events = ledger.read(stream)
    assert [event.sequence for event in events] == list(range(1, 97))
    wanted = {(who, turn) for who in range(8) for turn in range(6)}
    assert {(event.data["who"], event.data["turn"]) for event in events if event.kind == "x"} == wanted
    assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()
