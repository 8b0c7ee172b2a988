"""Rows to values and back: the only place that knows how a chain lies in its tables."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from golive.canonical import Digest, canonical
from golive.ledger.chain import GENESIS, Batch, StoredEvent, StreamRows, link
from golive.ledger.errors import LedgerBroken
from golive.ledger.events import Event
from golive.ledger.frozen import freeze
from golive.ledger.tables import batch, event, evidence

# As text, since a driver refuses some times that PostgreSQL can hold, and a tampered row may hold them.
_AT = sa.func.to_char(event.c.at.op("AT TIME ZONE")("UTC"), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
_EVENTS = sa.select(
    event.c.stream, event.c.sequence, event.c.kind, event.c.data, event.c.actor, _AT.label("at"), event.c.digest
)


def read_events(connection: sa.Connection, stream: str, after: int = 0) -> list[StoredEvent]:
    """The rows of ``stream`` behind sequence ``after``, in order."""
    query = _EVENTS.where(event.c.stream == stream, event.c.sequence > after).order_by(event.c.sequence)
    return [StoredEvent(*row) for row in connection.execute(query)]


def read_batches(connection: sa.Connection, stream: str) -> list[Batch]:
    """All batches of ``stream``, in order."""
    query = sa.select(batch).where(batch.c.stream == stream).order_by(batch.c.number)
    return [to_batch(row) for row in connection.execute(query).mappings()]


def snapshot(connection: sa.Connection, stream: str) -> StreamRows:
    """All of ``stream`` at one moment; must come first in its transaction."""
    # A batch that commits between the two reads would look like tampering.
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return StreamRows(stream, read_events(connection, stream), read_batches(connection, stream))


def last_batch(connection: sa.Connection, stream: str) -> tuple[Batch | None, datetime]:
    """The newest batch of ``stream`` and the database's time, in one round trip."""
    now = sa.select(sa.func.clock_timestamp().label("now")).subquery()
    newest = sa.select(batch).where(batch.c.stream == stream).order_by(batch.c.number.desc()).limit(1).subquery()
    query = sa.select(now.c.now, newest).select_from(now.outerjoin(newest, sa.true()))
    row = connection.execute(query).mappings().one()
    return (to_batch(row) if row["stream"] is not None else None), row["now"]


def database_time(connection: sa.Connection) -> datetime:
    """The database's clock, now."""
    now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now


def batch_of(connection: sa.Connection, client: str) -> Batch | None:
    """The batch that ``client`` wrote, when it did."""
    row = connection.execute(sa.select(batch).where(batch.c.client == client)).mappings().one_or_none()
    return to_batch(row) if row else None


def insert(connection: sa.Connection, new: Batch, events: Sequence[StoredEvent]) -> None:
    """One batch with its events."""
    lists = {"contents": canonical(new.contents).decode(), "evidence": canonical(new.evidence).decode()}
    connection.execute(sa.insert(batch), {**vars(new), **lists})
    rows = [{**vars(row), "at": datetime.fromisoformat(row.at)} for row in events]
    connection.execute(sa.insert(event), rows)


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
