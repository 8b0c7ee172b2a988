"""Where hypercare reads and writes: the ledger's stream of the release, or a list in memory for a simulation.

The journal's clock is the only one: the database's in the ledger, one that the scenario moves in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from golive.canonical import Digest, digest_bytes
from golive.ledger import Ledger
from golive.ledger.events import Decide, Event, NewEvent, release_stream


class Journal(Protocol):
    """One stream, with its clock and its evidence."""

    def read(self) -> Sequence[Event]: ...
    def append(self, decide: Decide) -> Sequence[Event]: ...
    def now(self) -> datetime: ...
    def store(self, content: bytes, media_type: str) -> Digest: ...
    def fetch(self, digest: Digest) -> bytes: ...


@dataclass(frozen=True)
class LedgerJournal:
    """The stream of a release in the ledger."""

    ledger: Ledger
    release: str

    def read(self) -> Sequence[Event]:
        return self.ledger.read(release_stream(self.release))

    def append(self, decide: Decide) -> Sequence[Event]:
        return self.ledger.append(release_stream(self.release), decide)

    def now(self) -> datetime:
        return self.ledger.now()

    def store(self, content: bytes, media_type: str) -> Digest:
        return self.ledger.store(content, media_type)

    def fetch(self, digest: Digest) -> bytes:
        return self.ledger.fetch(digest)


@dataclass
class Memory:
    """Events in a list, at the time that ``clock`` shows: whoever moves it may move it anywhere."""

    release: str
    clock: datetime
    events: list[Event] = field(default_factory=list)
    evidence: dict[Digest, bytes] = field(default_factory=dict)

    def read(self) -> Sequence[Event]:
        return self.events

    def append(self, decide: Decide) -> Sequence[Event]:
        written = [self._event(number, new) for number, new in enumerate(decide(self.events, self.clock), 1)]
        self.events += written
        return written

    def record(self, kind: str, data: Mapping[str, object], actor: str = "golive") -> None:
        self.append(lambda _events, _now: [NewEvent(kind, data, actor)])

    def now(self) -> datetime:
        return self.clock

    def store(self, content: bytes, media_type: str) -> Digest:
        found = digest_bytes(content)
        self.evidence[found] = content
        return found

    def fetch(self, digest: Digest) -> bytes:
        return self.evidence[digest]

    def _event(self, number: int, new: NewEvent) -> Event:
        place = len(self.events) + number
        return Event(release_stream(self.release), place, new.kind, new.data, new.actor, self.clock, "")
