"""The hash chain and the signed batches, as pure functions over what is stored.

    content(event)   = H(kind, data text, actor, at)
    digest(event n)  = H(stream, n, digest(event n-1), content(event n))
    digest(batch k)  = H(stream, k, first, last, contents, evidence, head, digest(batch k-1), client, key)
    signature        = Ed25519(stream, k, last, digest(batch k))

``at`` is ISO 8601 in UTC with microseconds; ``data`` is the canonical JSON text, byte for byte as stored.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from golive.canonical import Digest, canonical, digest
from golive.ledger.events import NewEvent

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")

GENESIS: Digest = "sha256:" + "0" * 64
"""Stands before the first event and before the first batch of every stream."""


@dataclass(frozen=True)
class StoredEvent:
    """A row of ``event``; ``data`` is JSON text and ``at`` ISO text, so that nothing is lost by parsing."""

    stream: str
    sequence: int
    kind: str
    data: str
    actor: str
    at: str
    digest: Digest

    @property
    def content(self) -> Digest:
        return digest({"kind": self.kind, "data": self.data, "actor": self.actor, "at": self.at})


@dataclass(frozen=True)
class Batch:
    """A row of ``batch``: the signed statement that events ``first``..``last`` are exactly these."""

    stream: str
    number: int
    first: int
    last: int
    contents: tuple[Digest, ...]
    evidence: tuple[Digest, ...]
    head: Digest
    previous: Digest
    client: str
    digest: Digest
    key: str
    signature: str

    def computed_digest(self) -> Digest:
        """What ``digest`` must be, given the rest."""
        return digest(
            {
                "stream": self.stream,
                "number": self.number,
                "first": self.first,
                "last": self.last,
                "contents": self.contents,
                "evidence": self.evidence,
                "head": self.head,
                "previous": self.previous,
                "client": self.client,
                "key": self.key,
            }
        )


@dataclass(frozen=True)
class Head:
    """A batch's signed summary, kept outside the database."""

    stream: str
    batch: int
    sequence: int
    digest: Digest
    key: str
    signature: str
    at: str

    @classmethod
    def of(cls, batch: Batch, at: str) -> "Head":
        return cls(batch.stream, batch.number, batch.last, batch.digest, batch.key, batch.signature, at)

    @property
    def message(self) -> bytes:
        return signed_message(self.stream, self.batch, self.sequence, self.digest)


@dataclass(frozen=True)
class StreamRows:
    """Everything that the database, or an export, holds of one stream."""

    stream: str
    events: Sequence[StoredEvent]
    batches: Sequence[Batch]


def signed_message(stream: str, batch: int, sequence: int, batch_digest: Digest) -> bytes:
    """The bytes under a signature. The prefix keeps it from ever being taken for a signature of something else."""
    return b"golive ledger batch 1\n" + canonical([stream, batch, sequence, batch_digest])


def iso(at: datetime) -> str:
    """``2026-01-31T23:59:59.000001Z``: the only form of a time that is hashed."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link(stream: str, sequence: int, previous: Digest, content: Digest) -> Digest:
    """The digest of the event with ``content`` at ``sequence``, after the one with digest ``previous``."""
    return digest({"stream": stream, "sequence": sequence, "previous": previous, "content": content})


def chain(stream: str, first: int, previous: Digest, contents: Sequence[Digest]) -> Iterator[tuple[int, Digest]]:
    """Sequence and digest of every event from ``first`` on, given what they contain."""
    for sequence, content in enumerate(contents, start=first):
        previous = link(stream, sequence, previous, content)
        yield sequence, previous


def next_events(stream: str, last: Batch | None, new: Sequence[NewEvent], at: datetime) -> tuple[StoredEvent, ...]:
    """The rows that follow ``last``. Raises ``TypeError`` or ``ValueError`` for data without a canonical form."""
    sequence, previous = (last.last, last.head) if last else (0, GENESIS)
    rows = []
    for event in new:
        sequence += 1
        row = StoredEvent(stream, sequence, event.kind, _text(event.data), event.actor, iso(at), "")
        previous = link(stream, sequence, previous, row.content)
        rows.append(StoredEvent(**{**vars(row), "digest": previous}))
    return tuple(rows)


def evidence_named(events: Sequence[StoredEvent]) -> tuple[Digest, ...]:
    """Every ``sha256:…`` found in the data of ``events``, sorted; whether it is stored is not asked."""
    return tuple(sorted({found for event in events for found in _DIGEST.findall(event.data)}))


def _text(data: Any) -> str:
    return canonical(dict(data)).decode()
