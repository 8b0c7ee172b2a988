"""Rows to values and back: the only place that knows how a chain lies in its tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from golive.canonical import Digest, canonical
from golive.ledger.chain import GENESIS, Batch, StoredEvent, StreamRows, link
from golive.ledger.database import lock_key
from golive.ledger.errors import LedgerBroken
from golive.ledger.events import Event
from golive.ledger.frozen import freeze
from golive.ledger.tables import batch, event, evidence

# As text, since a driver refuses some times that PostgreSQL can hold, and a tampered row may hold them.
_AT = sa.func.to_char(event.c.at.op("AT TIME ZONE")("UTC"), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')

# Statements are built once: building one costs more than running it.
_STREAM = sa.bindparam("stream", type_=sa.Text)
_EVENTS = (
    sa.select(
        event.c.stream, event.c.sequence, event.c.kind, event.c.data, event.c.actor, _AT.label("at"), event.c.digest
    )
    .where(event.c.stream == _STREAM, event.c.sequence > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(event.c.sequence)
)
_BATCHES = sa.select(batch).where(batch.c.stream == _STREAM).order_by(batch.c.number)
_NOW = sa.select(sa.func.clock_timestamp().label("now"))
_INSERT_BATCH, _INSERT_EVENT = sa.insert(batch), sa.insert(event)
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))


def _tail_query() -> sa.Select[Any]:
    now = _NOW.subquery()
    newest = sa.select(batch).where(batch.c.stream == _STREAM).order_by(batch.c.number.desc()).limit(1).subquery()
    end = (
        sa.select(event.c.sequence, event.c.digest.label("event_digest"))
        .where(event.c.stream == _STREAM)
        .order_by(event.c.sequence.desc())
        .limit(1)
        .subquery()
    )
    joined = now.outerjoin(newest, sa.true()).outerjoin(end, sa.true())
    return sa.select(now.c.now, newest, end.c.sequence, end.c.event_digest).select_from(joined)


_TAIL = _tail_query()


@dataclass(frozen=True)
class Tail:
    """The newest batch, the sequence and digest of the newest event (which should be the batch's), and the time."""

    batch: Batch | None
    sequence: int
    digest: Digest
    now: datetime


def lock_stream(connection: sa.Connection, stream: str) -> None:
    """Waits for ``stream`` and keeps it to the end of the transaction."""
    # An advisory lock, not SELECT … FOR UPDATE on a head row: that needs the UPDATE right, which no writer has.
    connection.execute(_LOCK, {"key": lock_key(f"stream {stream}")})


def read_events(connection: sa.Connection, stream: str, after: int = 0) -> list[StoredEvent]:
    """The rows of ``stream`` behind sequence ``after``, in order."""
    return [StoredEvent(*row) for row in connection.execute(_EVENTS, {"stream": stream, "after": after})]


def read_batches(connection: sa.Connection, stream: str) -> list[Batch]:
    """All batches of ``stream``, in order."""
    return [to_batch(row) for row in connection.execute(_BATCHES, {"stream": stream}).mappings()]


def snapshot(connection: sa.Connection, stream: str) -> StreamRows:
    """All of ``stream`` at one moment; must come first in its transaction."""
    # A batch that commits between the two reads would look like tampering.
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return StreamRows(stream, read_events(connection, stream), read_batches(connection, stream))


def read_tail(connection: sa.Connection, stream: str) -> Tail:
    """Where ``stream`` ends, and the database's time, in one round trip."""
    row = connection.execute(_TAIL, {"stream": stream}).mappings().one()
    last = to_batch(row) if row["stream"] is not None else None
    return Tail(last, row["sequence"] or 0, row["event_digest"] or GENESIS, row["now"])


def database_time(connection: sa.Connection) -> datetime:
    """The database's clock, now."""
    now: datetime = connection.execute(_NOW).scalar_one()
    return now


def batch_of(connection: sa.Connection, client: str) -> Batch | None:
    """The batch that ``client`` wrote, when it did."""
    row = connection.execute(sa.select(batch).where(batch.c.client == client)).mappings().one_or_none()
    return to_batch(row) if row else None


def insert(connection: sa.Connection, new: Batch, events: Sequence[StoredEvent]) -> None:
    """One batch with its events."""
    lists = {"contents": canonical(new.contents).decode(), "evidence": canonical(new.evidence).decode()}
    connection.execute(_INSERT_BATCH, {**vars(new), **lists})
    rows = [{**vars(row), "at": datetime.fromisoformat(row.at)} for row in events]
    connection.execute(_INSERT_EVENT, rows)


def stored_evidence(connection: sa.Connection, digests: Sequence[Digest]) -> tuple[Digest, ...]:
    """Those of ``digests`` that the store holds."""
    if not digests:
        return ()
    query = sa.select(evidence.c.digest).where(evidence.c.digest.in_(digests)).order_by(evidence.c.digest)
    return tuple(connection.execute(query).scalars())


def to_batch(row: Any) -> Batch:
    """A row's mapping as a ``Batch``; lists that are no lists become empty ones, which no signature fits."""
    fields = {name: row[name] for name in Batch.__dataclass_fields__}
    return Batch(**{**fields, "contents": _texts(row["contents"]), "evidence": _texts(row["evidence"])})


def to_events(rows: Sequence[StoredEvent], previous: Event | None) -> tuple[Event, ...]:
    """Rows as events. Raises ``LedgerBroken`` where a row does not follow from the one before it."""
    sequence, digest = (previous.sequence, previous.digest) if previous else (0, GENESIS)
    events = []
    for row in rows:
        sequence += 1
        digest = link(row.stream, sequence, digest, row.content)
        if row.sequence != sequence or row.digest != digest:
            raise LedgerBroken(stream=row.stream, sequence=sequence)
        events.append(_event(row))
    return tuple(events)


def _event(row: StoredEvent) -> Event:
    data = freeze(json.loads(row.data))
    return Event(row.stream, row.sequence, row.kind, data, row.actor, datetime.fromisoformat(row.at), row.digest)


def _texts(value: str) -> tuple[str, ...]:
    try:
        items = json.loads(value)
    except ValueError:
        return ()
    return tuple(items) if isinstance(items, list) and all(isinstance(item, str) for item in items) else ()
