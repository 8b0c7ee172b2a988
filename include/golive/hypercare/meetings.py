"""The plan's meetings and checks, on their days. One that falls on a day off is held on the business day before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from golive.hypercare.duties import FRIDAY, last_friday
from golive.hypercare.hours import boundaries, is_business_day
from golive.hypercare.plan import CarePlan
from golive.release.moments import first_showing

_DAY = timedelta(days=1)
TUESDAY, WEDNESDAY = 1, 2


@dataclass(frozen=True)
class Meeting:
    """An occurrence, in UTC; ``name`` is a key of the catalogue (``meeting_<name>``)."""

    name: str
    starts: datetime
    minutes: int
    moved_from: date | None = None


@dataclass(frozen=True)
class _Rule:
    name: str
    at: time
    minutes: int
    on: Callable[[date, int], bool]
    moves: bool = True


def _weekday(number: int, every: int = 1) -> Callable[[date, int], bool]:
    return lambda day, week: day.weekday() == number and week % every == 0


RULES = {
    "always": ("standup", "friday", "monthly"),
    "business": ("standup", "friday", "monthly"),
    "weekly": ("standup", "tuesday", "visit", "friday", "monthly"),
}
"""What is held in a phase, by its support."""

_ALL = (
    _Rule("standup", time(9), 15, lambda _day, _week: True, moves=False),
    _Rule("tuesday", time(10), 60, _weekday(TUESDAY)),
    _Rule("visit", time(14), 120, _weekday(WEDNESDAY, every=2)),
    _Rule("friday", time(16), 60, _weekday(FRIDAY)),
    _Rule("monthly", time(17), 120, lambda day, _week: last_friday(day)),
)


def meetings(plan: CarePlan, start: datetime, until: date | None = None) -> tuple[Meeting, ...]:
    """Everything that is held from the day after go-live to the last day, in order.

    The stand-up is held on every day while support works round the clock, later on business days.
    """
    found: list[Meeting] = []
    begin = start.astimezone(plan.zone).date() + _DAY
    for number, end in enumerate(boundaries(plan, start)):
        last = end.astimezone(plan.zone).date()
        if until and number == len(plan.phases) - 1:
            last = max(last, until)
        for day in _days(begin, last):
            found += _on(plan, day, (day - begin).days // 7, plan.phases[number].support)
        begin = last + _DAY
    return tuple(sorted(found, key=lambda meeting: meeting.starts))


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY


def _on(plan: CarePlan, day: date, week: int, support: str) -> Iterator[Meeting]:
    for rule in _ALL:
        if rule.name not in RULES[support] or not rule.on(day, week):
            continue
        held = day
        while rule.moves and not is_business_day(plan, held):
            held -= _DAY
        if rule.moves or support == "always" or is_business_day(plan, day):
            starts = first_showing(plan.zone, held, rule.at)
            yield Meeting(rule.name, starts, rule.minutes, None if held == day else day)
