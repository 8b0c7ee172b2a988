"""What must happen before a snapshot, and within it, so that the changes it shows are all known."""

from golive.migration.capture import log, triggers
from golive.migration.capture.plan import Captured, watched
from golive.migration.settings import Migration
from golive.migration.statements import Session

SECONDS = 60.0


def advance(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Before a snapshot: new partitions are followed, and the log is emptied into the changes."""
    if not items:
        return
    if migration.capture == "pgoutput":
        log.follow_log(migration, session, items, SECONDS)
        log.pour(migration, session, items)
    else:
        triggers.follow(session, items, watched(migration.flows), SECONDS)


def complete(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Within a snapshot: what came into the log since ``advance`` is among the changes that its transaction sees."""
    if items and migration.capture == "pgoutput":
        log.peek(migration, session, items)
