"""One append, inside its transaction: lock, read, decide, chain, sign, insert."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from golive.ledger.chain import GENESIS, Batch, StoredEvent, evidence_named, next_events, signed_message
from golive.ledger.database import lock_key
from golive.ledger.errors import EventInvalid, LedgerBroken
from golive.ledger.events import Decide, Event, NewEvent
from golive.ledger.known import Known
from golive.ledger.rows import batch_of, insert, last_batch, stored_evidence, to_events
from golive.ledger.signing import Signer


class Append:
    """One append, run once or, after a lost connection, again."""

    def __init__(self, signer: Signer, known: Known, stream: str, decide: Decide) -> None:
        self._signer, self._known, self._stream, self._decide = signer, known, stream, decide
        # Tells our batch from any other, should the acknowledgement of its commit be lost.
        self._client = uuid4().hex
        self._sent = False

    def __call__(self, connection: sa.Connection) -> tuple[Batch | None, tuple[Event, ...]]:
        """The batch written, none when there was nothing to write, and all events of the stream up to its end."""
        # An advisory lock, not SELECT … FOR UPDATE on a head row: that needs the UPDATE right, which no writer has.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key(f"stream {self._stream}"))))
        if self._sent and (mine := batch_of(connection, self._client)):
            return mine, self._known.refresh(connection, self._stream)[: mine.last]
        last, now = last_batch(connection, self._stream)
        events = self._known.refresh(connection, self._stream, last.head if last else None)
        _require_agreement(self._stream, last, events)
        new = self._decide(events, now)
        if not new:
            return None, events
        rows = self._rows(last, new, now)
        written = self._sign(connection, last, rows)
        insert(connection, written, rows)
        self._sent = True
        return written, events + to_events(rows, events[-1] if events else None)

    def _rows(self, last: Batch | None, new: Sequence[NewEvent], now: datetime) -> tuple[StoredEvent, ...]:
        try:
            rows = next_events(self._stream, last, new, now)
            for row in rows:
                _require_text(self._stream, row.kind, row.actor)
        except (TypeError, ValueError, RecursionError) as error:
            raise EventInvalid(kind=", ".join(str(event.kind) for event in new), cause=str(error)) from error
        return rows

    def _sign(self, connection: sa.Connection, last: Batch | None, rows: Sequence[StoredEvent]) -> Batch:
        number, previous = (last.number + 1, last.digest) if last else (1, GENESIS)
        unsigned = Batch(
            stream=self._stream,
            number=number,
            first=rows[0].sequence,
            last=rows[-1].sequence,
            contents=tuple(row.content for row in rows),
            evidence=stored_evidence(connection, evidence_named(rows)),
            head=rows[-1].digest,
            previous=previous,
            client=self._client,
            digest="",
            key=self._signer.key,
            signature="",
        )
        digest = unsigned.computed_digest()
        signature = self._signer.sign(signed_message(self._stream, number, unsigned.last, digest))
        return Batch(**{**vars(unsigned), "digest": digest, "signature": signature})


def _require_agreement(stream: str, last: Batch | None, events: Sequence[Event]) -> None:
    """Events without a batch, or a batch without its events: nothing is built upon either."""
    sequence, digest = (events[-1].sequence, events[-1].digest) if events else (0, GENESIS)
    signed, head = (last.last, last.head) if last else (0, GENESIS)
    if (sequence, digest) != (signed, head):
        raise LedgerBroken(stream=stream, sequence=min(sequence, signed) + 1)


def _require_text(*texts: str) -> None:
    for text in texts:
        if "\0" in text:
            raise ValueError("a NUL character")
        text.encode()
