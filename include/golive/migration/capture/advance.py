"""What must happen before a snapshot, and within it, so that the changes it shows are all known."""

from golive.migration.capture import triggers
from golive.migration.capture.plan import Captured, watched
from golive.migration.settings import Migration
from golive.migration.statements import Session

SECONDS = 60.0


def advance(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Before a snapshot: new partitions are followed."""
    if items:
        triggers.follow(session, items, watched(migration.flows), SECONDS)


def complete(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Within a snapshot, as its transaction's own rows: changes that it shows and that were not yet known."""
