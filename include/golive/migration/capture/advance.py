"""What must happen before a snapshot, within it and after it, so that the changes it shows are all known."""

from dataclasses import dataclass

from golive.migration.capture import triggers
from golive.migration.capture.log import TABLE, Peeked, Snapshot, come_since, give_back, peek
from golive.migration.capture.log_setup import follow_log
from golive.migration.capture.plan import Captured, watched
from golive.migration.settings import Migration
from golive.migration.statements import Session

SECONDS = 60.0
CHANGES = "golive_capture.change"


@dataclass(frozen=True)
class Known:
    """``relation`` is what changes are read from: ``source`` and ``unit`` of each."""

    relation: str
    peeked: Peeked | None = None


def advance(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Before a snapshot: new partitions are followed."""
    if items and migration.capture == "pgoutput":
        follow_log(migration, session, items, SECONDS)
    elif items:
        triggers.follow(session, items, watched(migration.flows), SECONDS)


def complete(migration: Migration, session: Session, items: tuple[Captured, ...], snapshot: str) -> Known:
    """Within a snapshot: all changes that it shows, and perhaps some that it does not show yet."""
    if not items or migration.capture != "pgoutput":
        return Known(CHANGES)
    peeked = peek(migration, session, items, Snapshot.of(snapshot))
    return Known(f"(SELECT source, unit FROM {CHANGES} UNION ALL SELECT source, unit FROM {TABLE})", peeked)


def done(migration: Migration, session: Session, known: Known, consumed: int) -> int:
    """After the transaction's commit, what it consumed of the log is given back. Returns how many changes the log may
    have got since, at the rate of those that were ``consumed``."""
    if known.peeked is None:
        return 0
    if known.peeked.safe:
        give_back(migration, session, known.peeked.safe)
    since = come_since(migration, session, known.peeked.end)
    return round(consumed * since / max(known.peeked.length, since, 1))
