"""Phases and support hours: which phase it is, when support works, and how time is counted by it."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from golive.hypercare.plan import CarePlan
from golive.release.moments import first_showing
from golive.release.preparation import Phase

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


def boundaries(plan: CarePlan, start: datetime) -> tuple[datetime, ...]:
    """When each phase ends, in UTC: at the local time of go-live, whole weeks later."""
    local = start.astimezone(plan.zone)
    ends, weeks = [], 0
    for phase in plan.phases:
        weeks += phase.weeks
        ends.append(first_showing(plan.zone, local.date() + timedelta(weeks=weeks), local.time()))
    return tuple(ends)


def phase_at(plan: CarePlan, start: datetime, now: datetime) -> Phase:
    """The phase in force; the last one goes on for as long as hypercare is extended."""
    ends = boundaries(plan, start)
    return next((phase for phase, end in zip(plan.phases, ends, strict=True) if now < end), plan.phases[-1])


def is_business_day(plan: CarePlan, day: date) -> bool:
    return WEEKDAYS[day.weekday()] in plan.hours.days and day not in plan.holidays


def business_span(plan: CarePlan, day: date) -> Span:
    """The business hours of a day, in UTC."""
    opens, closes = (time.fromisoformat(wall) for wall in (plan.hours.opens, plan.hours.closes))
    return first_showing(plan.zone, day, opens), first_showing(plan.zone, day, closes)


def support_spans(plan: CarePlan, start: datetime, since: datetime, until: datetime) -> Iterator[Span]:
    """When support works between two instants, in order."""
    ends = boundaries(plan, start)
    begin = since
    for number, phase in enumerate(plan.phases):
        end = until if number == len(plan.phases) - 1 else min(ends[number], until)
        if begin < end:
            yield from [(begin, end)] if phase.support == "always" else _business(plan, begin, end)
            begin = end


def _business(plan: CarePlan, since: datetime, until: datetime) -> Iterator[Span]:
    day, last = since.astimezone(plan.zone).date(), until.astimezone(plan.zone).date()
    while day <= last:
        if is_business_day(plan, day):
            opens, closes = business_span(plan, day)
            if max(opens, since) < min(closes, until):
                yield max(opens, since), min(closes, until)
        day += _DAY


def deadline(plan: CarePlan, start: datetime, since: datetime, minutes: int, around_the_clock: bool) -> datetime:
    """When so many minutes of support time have passed since an instant: on the wall, or in support hours."""
    left = timedelta(minutes=minutes)
    if around_the_clock:
        return since + left
    begin = since
    while True:
        until = begin + timedelta(days=28)
        for opens, closes in support_spans(plan, start, begin, until):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        begin = until


def on_duty(plan: CarePlan, start: datetime, role: str, now: datetime) -> tuple[str, ...]:
    """Who is to be called for a role: the one whose turn it is by the roster, else all who hold it."""
    duty = next((item for item in plan.hypercare.roster if item.role == role), None)
    if duty is None:
        return plan.with_role(role)
    first = datetime.combine(start.astimezone(plan.zone).date(), time())
    passed = now.astimezone(plan.zone).replace(tzinfo=None) - first
    turn = int(passed / timedelta(hours=duty.each_hours))
    return (duty.people[turn % len(duty.people)],)
