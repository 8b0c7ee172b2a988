"""One append, inside its transaction: lock, read, decide, chain, sign, insert."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from golive.ledger.chain import GENESIS, Batch, StoredEvent, evidence_named, next_events, signed_message
from golive.ledger.errors import EventInvalid, LedgerBroken
from golive.ledger.events import Decide, Event, NewEvent
from golive.ledger.known import Known
from golive.ledger.rows import Tail, batch_of, insert, lock_stream, read_tail, stored_evidence, to_events
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
        lock_stream(connection, self._stream)
        if self._sent and (mine := batch_of(connection, self._client)):
            return mine, self._known.refresh(connection, self._stream)[: mine.last]
        tail = read_tail(connection, self._stream)
        _require_agreement(self._stream, tail)
        events = self._known.refresh(connection, self._stream, tail.digest)
        new = self._decide(events, tail.now)
        if not new:
            return None, events
        rows = self._rows(tail.batch, new, tail.now)
        written = self._sign(connection, tail.batch, rows)
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


def _require_agreement(stream: str, tail: Tail) -> None:
    """Events without a batch, or a batch without its events: nothing is built upon either."""
    signed, head = (tail.batch.last, tail.batch.head) if tail.batch else (0, GENESIS)
    if (tail.sequence, tail.digest) != (signed, head):
        raise LedgerBroken(stream=stream, sequence=min(tail.sequence, signed) + 1)


def _require_text(*texts: str) -> None:
    for text in texts:
        if "\0" in text:
            raise ValueError("a NUL character")
        text.encode()
