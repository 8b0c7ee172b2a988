"""Which reports are due, by what the record holds: one that was missed is made up by the next look, once.

Daily at 18:00, weekly on Friday and monthly on the last Friday of the month, both an hour before the meeting.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from golive.hypercare.plan import CarePlan
from golive.hypercare.state import State
from golive.release.moments import first_showing

FRIDAY = 4
_DAY = timedelta(days=1)
_LOOK_BACK = 40


def _every_day(_day: date) -> bool:
    return True


def _friday(day: date) -> bool:
    return day.weekday() == FRIDAY


def last_friday(day: date) -> bool:
    """Whether a day is the last Friday of its month."""
    return _friday(day) and (day + 7 * _DAY).month != day.month


@dataclass(frozen=True)
class Rhythm:
    """When a report is due, on which days, and the roles it goes to."""

    at: time
    on: Callable[[date], bool]
    roles: tuple[str, ...]


REPORTS: Mapping[str, Rhythm] = {
    "daily": Rhythm(time(18), _every_day, ("operations_lead", "support_lead")),
    "weekly": Rhythm(time(15), _friday, ("release_manager", "executive")),
    "monthly": Rhythm(time(15), last_friday, ("release_manager", "executive", "service_owner")),
}


@dataclass(frozen=True)
class DueReport:
    """A report over ``since`` to ``due`` (UTC); ``missed``: how many of its kind before it were never made."""

    report: str
    since: datetime
    due: datetime
    recipients: tuple[str, ...]
    missed: int = 0


def due_reports(plan: CarePlan, state: State, now: datetime) -> tuple[DueReport, ...]:
    """The newest report of each kind that has come due since go-live and was not made; none after the end.

    A report whose making the record dates after ``now`` does not count: a clock was wrong then.
    """
    if state.started is None or state.ended:
        return ()
    return tuple(found for kind in REPORTS if (found := _due(plan, state, kind, now)))


def _due(plan: CarePlan, state: State, kind: str, now: datetime) -> DueReport | None:
    start = state.started or now
    newest = next(dues(plan.zone, kind, now), None)
    made = {due for due, at in state.reports.get(kind, []) if due <= at <= now}
    if newest is None or newest <= start or newest in made:
        return None
    since = max((due for due in made if due < newest), default=start)
    missed = sum(since < moment < newest for moment in dues(plan.zone, kind, now))
    return DueReport(kind, since, newest, recipients(plan, kind), missed)


def dues(zone: ZoneInfo, kind: str, now: datetime) -> Iterator[datetime]:
    """When a report came due up to ``now``, the newest first, forty days back."""
    rhythm, today = REPORTS[kind], now.astimezone(zone).date()
    for back in range(_LOOK_BACK):
        day = today - back * _DAY
        if rhythm.on(day) and (moment := first_showing(zone, day, rhythm.at)) <= now:
            yield moment


def recipients(plan: CarePlan, kind: str) -> tuple[str, ...]:
    """The people a report goes to: who hold its roles; where nobody does, who receives the hand-over."""
    people = {person for role in REPORTS[kind].roles for person in plan.with_role(role)}
    return tuple(sorted(people or plan.with_role(plan.hypercare.receiver)))
