"""The final synchronisation: writes are stopped, the last changes are copied and looked at, and the target is handed
over. Whatever fails, and when time is up, writes are given back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import errors

from golive.migration.errors import FreezeFailed, NotReady
from golive.migration.freeze import begin_handing, freeze, is_frozen, is_handing, prepare_freeze, thaw
from golive.migration.holds import hold, release
from golive.migration.passes import HANDED, LOST_CLIENT, PassReport, is_handed_over, is_verified, mark, pass_in
from golive.migration.recheck import VerifyUnits, recheck
from golive.migration.settings import Migration
from golive.migration.statements import Session, run

HandOver = Callable[[Session, Session], None]
"""What else must be done before the target takes writes (sequences, the capture of the way back), while both stand
still; is given the two sessions (source, target)."""


NEAR_PASSES = 6
FUTILE = 0.8
"""A pass before the freeze that takes longer than this part of the one before it was the last one."""


@dataclass(frozen=True)
class FinalReport:
    """``stalled`` is how long writers stood still before they were refused, ``frozen`` that and everything until the
    hand-over, in seconds. ``verified`` is the number of units that were looked at in that time; None: every one of some
    flow. Those that had changed before were looked at before. All are 0 when an earlier call was through."""

    last: PassReport
    stalled: float
    frozen: float
    verified: int | None


def final_sync(
    migration: Migration,
    budget_seconds: float,
    verify_units: VerifyUnits,
    hand_over: HandOver = lambda _source, _target: None,
    lock_seconds: float = 30.0,
) -> FinalReport:
    """Freezes the source for good, unless it fails: then it is thawed, and the migration goes on as before.

    ``lock_seconds`` is how long a quiet moment is waited for, ``budget_seconds`` how long writes may then be refused.
    Called again after it was killed it goes on from the frozen source, and when it was through it says so. Raises
    ``FreezeFailed``, ``RowsDiffer``, ``StaleMigration``, ``NotReady`` without a full verification, and what a server
    refuses.
    """
    try:
        prepare_freeze(migration)
        return _closed(migration, budget_seconds, verify_units, hand_over, lock_seconds)
    except BaseException as error:
        _give_back(migration)
        if isinstance(error.__cause__, errors.QueryCanceled):
            raise _late(migration, budget_seconds) from error
        raise


def _give_back(migration: Migration) -> None:
    """The source takes writes again, unless the target was handed over: nobody may write into both.

    When that is not known, because the target does not answer, the source stays closed and that is raised.
    """
    if is_handing(migration):
        with migration.target.session("final") as target:
            if is_handed_over(target, migration):
                return
    thaw(migration)


def _closed(
    migration: Migration, budget: float, verify_units: VerifyUnits, hand_over: HandOver, lock_seconds: float
) -> FinalReport:
    with (
        migration.source.session("final", **LOST_CLIENT) as source,
        migration.target.session("final", **LOST_CLIENT) as target,
    ):
        if is_handed_over(target, migration):
            return FinalReport(PassReport(0, "final", 0, 0, 0, 0, 0.0, 0), 0.0, 0.0, 0)
        if not is_verified(target, migration):
            raise NotReady(step="final synchronisation", missing="a full verification")
        if is_frozen(migration):
            hold(target, migration)
        else:
            _near(migration, source, target, verify_units)
        stalled = freeze(migration, lock_seconds)
        closed = time.monotonic()
        report, verified = _frozen(migration, source, target, closed + budget, verify_units, hand_over)
        return FinalReport(report, stalled, stalled + time.monotonic() - closed, verified)


def _near(migration: Migration, source: Session, target: Session, verify_units: VerifyUnits) -> None:
    """Copies and looks at what there is while writes still go on, so that little is left for the moment without: first
    with looking, which takes its time, then without, as long as each pass is shorter than the one before."""
    pass_in(migration, "pass", source, target, lambda _snapshot: _look(migration, source, target, verify_units))
    before = float("inf")
    for _ in range(NEAR_PASSES):
        report = pass_in(migration, "pass", source, target)
        if not report.left or report.seconds > FUTILE * before:
            return
        before = report.seconds


def _look(migration: Migration, source: Session, target: Session, verify_units: VerifyUnits) -> None:
    recheck(migration, source, target, verify_units)


def _frozen(
    migration: Migration,
    source: Session,
    target: Session,
    deadline: float,
    verify_units: VerifyUnits,
    hand_over: HandOver,
) -> tuple[PassReport, int | None]:
    _limit(migration, deadline, source, target)
    report = pass_in(migration, "final", source, target)
    _limit(migration, deadline, source, target)
    found = recheck(migration, source, target, verify_units)
    _limit(migration, deadline, source, target)
    hand_over(source, target)
    _limit(migration, deadline, source, target)
    begin_handing(source, migration)
    release(target, migration, deadline - time.monotonic(), mark(migration, HANDED))
    units = [changed.units for changed in found]
    return report, None if None in units else sum(count for count in units if count is not None)


def _limit(migration: Migration, deadline: float, *sessions: Session) -> None:
    """No statement may outlast the time in which writes are refused."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late(migration, -left)
    for session in sessions:
        run(session, f"SET statement_timeout = {max(1, round(left * 1000))}")


def _late(migration: Migration, seconds: float) -> FreezeFailed:
    cause = "the last changes were not copied and verified in time"
    return FreezeFailed(database=str(migration.source), seconds=round(seconds, 1), cause=cause)
