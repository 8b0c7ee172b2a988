"""After go-live: changes on the new database flow back into the old one, so that going back loses nothing.

The same engine with the roles changed. ``reverse`` is the migration from the new database to the old one; ``forward``
the one that went live. The old database stays closed to everyone but us until it is handed back.
"""

from dataclasses import dataclass
from datetime import datetime

from golive.migration.capture import begin_capture, end_capture
from golive.migration.capture.log import retained_bytes
from golive.migration.capture.tables import captured
from golive.migration.control import install_control, raise_fence
from golive.migration.errors import NotReady
from golive.migration.final import FinalReport, HandOver, final_sync
from golive.migration.freeze import thaw
from golive.migration.holds import hold, release, validate
from golive.migration.names import literal
from golive.migration.passes import TAKEN_BACK, PassReport, mark, run_pass
from golive.migration.recheck import VerifyUnits
from golive.migration.settings import Migration
from golive.migration.statements import rows, run, value


@dataclass(frozen=True)
class Backlog:
    """What waits to flow back. ``lag`` is how old it may be at most, in seconds; ``bytes`` what both the changes and
    the server's retained log take on the new database; ``over`` names the limits that are passed, for an incident."""

    changes: int
    lag: float
    bytes: int
    over: tuple[str, ...]


def begin_flow_back(reverse: Migration) -> None:
    """Called in the hand-over, before the new database takes writes: from then on each of them is known.

    May be called again. Raises ``LockBusy``, ``CaptureRefused``, ``StaleMigration``.
    """
    begin_capture(reverse)
    with reverse.target.session("flow-back") as session:
        install_control(session)
        raise_fence(session, reverse.token)
        hold(session, reverse)
        # The old database is as it was verified to be; what changes from here on is looked at before it comes back.
        run(session, mark(reverse, "verify"))


def flow_back_pass(reverse: Migration) -> PassReport:
    """Brings the old database up to the new one."""
    return run_pass(reverse)


def backlog(reverse: Migration, limit_bytes: int, limit_seconds: float) -> Backlog:
    """What waits, against its limits: the disk of the new database must not fill because the old one is away."""
    with reverse.source.session("flow-back") as source:
        numbers = ", ".join(str(item.number) for item in captured(source, reverse.name)) or "NULL"
        changes = int(value(source, f"SELECT count(*) FROM golive_capture.change WHERE source IN ({numbers})"))
        size = int(value(source, "SELECT pg_total_relation_size('golive_capture.change')"))
        size += retained_bytes(reverse, source)
    lag = _lag(reverse) if changes or reverse.capture == "pgoutput" else 0.0
    passed = {"bytes": size > limit_bytes, "lag": lag > limit_seconds}
    return Backlog(changes, lag, size, tuple(name for name, over in passed.items() if over))


def end_flow_back(reverse: Migration, declared: datetime | None = None, signed_by: str = "") -> None:
    """From here on there is no way back: both databases keep what they have, the old one stays closed.

    ``declared`` is the moment that the plan named, by the new database's clock; ``signed_by`` who ended it earlier.
    Raises ``NotReady`` with neither.
    """
    with reverse.source.session("flow-back") as session:
        due = declared is not None and bool(rows(session, f"SELECT 1 WHERE now() >= {literal(declared.isoformat())}"))
    if not due and not signed_by:
        raise NotReady(step="end of flow-back", missing=f"its time ({declared}) has not come, and nobody has signed")
    end_capture(reverse)
    _leave(reverse)


def come_back(
    forward: Migration,
    reverse: Migration,
    budget_seconds: float,
    verify_units: VerifyUnits,
    hand_over: HandOver = lambda _source, _target: None,
) -> FinalReport:
    """The old database takes writes again, with every write that the new one acknowledged; the new one is closed.

    When it fails before the old one was handed over, the new database takes writes again and goes on flowing back;
    called again after that it ends what is left to do. Raises as ``final_sync`` does.
    """
    report = final_sync(reverse, budget_seconds, verify_units, hand_over)
    with forward.target.session("flow-back") as session:
        if value(session, "SELECT to_regclass('golive_migration.pass')") is not None:
            run(session, mark(forward, TAKEN_BACK))
    thaw(forward)
    end_capture(reverse, keep_freeze=True)
    _leave(reverse)
    return report


def _leave(reverse: Migration) -> None:
    """The old database's keys and triggers are as they were, and our tables there are gone."""
    with reverse.target.session("flow-back") as session:
        if value(session, "SELECT to_regclass('golive_migration.held')") is None:
            return
        release(session, reverse)
        validate(session, reverse)
        for table in ("held", "changed_unit"):
            run(session, f"DELETE FROM golive_migration.{table} WHERE migration = {literal(reverse.name)}")


def _lag(reverse: Migration) -> float:
    with reverse.target.session("flow-back") as session:
        age = "SELECT extract(epoch FROM clock_timestamp() - max(at)) FROM golive_migration.pass"
        return float(value(session, f"{age} WHERE migration = {literal(reverse.name)}") or 0)
