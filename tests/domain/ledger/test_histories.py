"""Random histories: untouched ones verify, and whatever is done to one is found."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golive.canonical import Digest
from golive.ledger import Ledger, NewEvent, Signer, verify
from golive.ledger.chain import GENESIS, Batch, Head, StoredEvent, StreamRows, next_events
from golive.ledger.checks import check_stream
from golive.ledger.problems import What
from tests.domain.ledger.tamper import Superuser

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=10)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_EVENT = st.builds(NewEvent, kind=_WORD, data=st.dictionaries(_TEXT, _JSON, max_size=3), actor=_WORD)
_HISTORY = st.lists(st.lists(_EVENT, min_size=1, max_size=4), min_size=1, max_size=4)
# Equal events on purpose: a place must be told apart even when what stands there is not.
_PLAIN = st.lists(st.lists(st.sampled_from([NewEvent(kind) for kind in "abc"]), min_size=1, max_size=4), max_size=5)

_KEY = Signer(Ed25519PrivateKey.generate())


@settings(
    max_examples=10,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories=st.lists(_HISTORY, min_size=1, max_size=3), random=st.randoms())
def test_histories_in_the_database(
    ledger: Ledger, postgres: Any, ledger_database: str, tmp_path: Path, histories: list[Any], random: Any
) -> None:
    """Any events in any streams, interleaved, come back as they were and verify; one changed row is found."""
    streams = {f"release/{uuid4().hex}": history for history in histories}
    turns = [(stream, batch) for stream, history in streams.items() for batch in history]
    random.shuffle(turns)
    for stream, batch in turns:
        ledger.record(stream, *batch)
    for stream in streams:
        wanted = [(e.kind, e.data, e.actor) for name, batch in turns if name == stream for e in batch]
        fresh = Ledger(ledger.database._url, signer=None, heads=None)
        assert [(e.kind, e.data, e.actor) for e in fresh.read(stream)] == wanted
        fresh.close()
        assert verify(ledger, tmp_path / "key.pub", ledger.heads, stream) == ()
    victim = random.choice(list(streams))
    superuser = Superuser(postgres, ledger_database, victim)
    change = random.choice(["kind = kind || 'x'", "data = '{\"x\":1}' || data", "at = at - interval '1 day'"])
    place = random.randint(1, sum(map(len, streams[victim])))
    superuser.update_event(change, place)
    superuser.close()
    found = verify(ledger, tmp_path / "key.pub", ledger.heads, victim)
    assert [(problem.sequence, problem.what) for problem in found] == [(place, What.CHANGED)]


def _signed(history: Sequence[Sequence[NewEvent]]) -> tuple[StreamRows, list[Head]]:
    """What the database and the heads hold after ``history``."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows: list[StoredEvent] = []
    batches: list[Batch] = []
    for number, new in enumerate(history, start=1):
        last = batches[-1] if batches else None
        events = next_events("s", last, new, at + timedelta(microseconds=number))
        batches.append(_batch(number, events, last.digest if last else GENESIS))
        rows += events
    return StreamRows("s", rows, batches), [Head.of(batch, "") for batch in batches]


def _batch(number: int, events: Sequence[StoredEvent], previous: Digest) -> Batch:
    contents = tuple(event.content for event in events)
    first, last = events[0].sequence, events[-1].sequence
    batch = Batch("s", number, first, last, contents, (), events[-1].digest, previous, "c", "", _KEY.key, "")
    batch = replace(batch, digest=batch.computed_digest())
    return replace(batch, signature=_KEY.sign(Head.of(batch, "").message))


@settings(max_examples=50, deadline=None, database=None)
@given(history=_PLAIN)
def test_an_untouched_history_is_clean(history: list[list[NewEvent]]) -> None:
    """No history that was signed as it is gives a problem."""
    rows, heads = _signed(history)
    assert check_stream(rows, heads, _KEY.public_keys()) == ()


@settings(max_examples=150, deadline=None, database=None)
@given(history=_PLAIN, data=st.data())
def test_any_other_set_of_rows_has_a_problem(history: list[list[NewEvent]], data: st.DataObject) -> None:
    """Rows that differ in any way from what was signed, by any number of changes, have at least one problem."""
    rows, heads = _signed(history)
    events, batches = list(rows.events), list(rows.batches)
    for _ in range(data.draw(st.integers(1, 4))):
        _tamper(events, batches, data)
    events.sort(key=lambda event: event.sequence)
    batches.sort(key=lambda batch: batch.number)
    if (events, batches) != (rows.events, rows.batches):
        assert check_stream(StreamRows("s", events, batches), heads, _KEY.public_keys())


def _tamper(events: list[StoredEvent], batches: list[Batch], data: st.DataObject) -> None:
    draw = data.draw
    kind = draw(st.sampled_from(["field", "remove", "swap", "insert", "copy", "batch", "remove batch", "cut"]))
    if kind == "insert" or not events:
        free = max((event.sequence for event in events), default=0) + draw(st.integers(1, 3))
        events.append(StoredEvent("s", free, draw(_WORD), "{}", "m", "2026-01-01T00:00:00.000000Z", GENESIS))
        return
    place = draw(st.integers(0, len(events) - 1))
    other = draw(st.integers(0, len(events) - 1))
    if kind == "field":
        field = draw(st.sampled_from(["kind", "data", "actor", "at", "digest"]))
        events[place] = replace(events[place], **{field: draw(_TEXT)})
    elif kind == "remove":
        del events[place]
    elif kind == "swap":
        one, two = events[place], events[other]
        events[place], events[other] = replace(two, sequence=one.sequence), replace(one, sequence=two.sequence)
    elif kind == "copy":
        events[place] = replace(events[other], sequence=events[place].sequence)
    elif kind == "cut":
        del events[place:], batches[draw(st.integers(0, len(batches))) :]
    elif batches:
        number = draw(st.integers(0, len(batches) - 1))
        if kind == "remove batch":
            del batches[number]
        else:
            field = draw(st.sampled_from(["head", "previous", "client", "digest", "key", "signature"]))
            batches[number] = replace(batches[number], **{field: draw(_TEXT)})


@pytest.mark.parametrize("kind", ["swap", "remove"])
def test_equal_events_in_one_batch(kind: str) -> None:
    """Two equal events of one batch are the same fact twice: one of them gone is found."""
    rows, heads = _signed([[NewEvent("x"), NewEvent("x"), NewEvent("y")]])
    events = list(rows.events)
    if kind == "swap":
        events[0], events[1] = replace(events[1], sequence=1), replace(events[0], sequence=2)
        expected = [(1, What.CHANGED), (2, What.CHANGED)]
    else:
        events = [events[0], replace(events[2], sequence=2)]
        expected = [(2, What.REMOVED), (2, What.REORDERED)]
    found = check_stream(StreamRows("s", events, rows.batches), heads, _KEY.public_keys())
    assert [(problem.sequence, problem.what) for problem in found] == expected
