"""An incident as the record tells it, and its clocks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from golive.hypercare.hours import deadline
from golive.hypercare.plan import CarePlan

STEPS = ("acknowledged", "analysed", "worked_around")
"""What people do about an incident, in order; each may come without the one before it."""
CLOCKS = {
    "notice": "noticed",
    "acknowledge": "acknowledged",
    "analysis": "analysed",
    "workaround": "worked_around",
    "resolution": "closed",
}
"""Each clock, and what stops it. The end of an incident stops them all."""


@dataclass(frozen=True)
class Incident:
    """``since``: from when its clocks run: its opening, or when it became a P1. ``steps``: when each was first done,
    and by whom. ``overdue``: the clocks that ran out, as ``<clock> <due>``. ``called``: the levels that were called.
    """

    incident: str
    cause: str
    title: str
    priority: str
    detail: str
    opened: datetime
    since: datetime
    noticed: datetime | None = None
    steps: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    told: datetime | None = None
    closed: datetime | None = None
    recovered: datetime | None = None
    reason: str = ""
    overdue: frozenset[str] = frozenset()
    called: frozenset[int] = frozenset()
    root_cause: str = ""
    prevention: str = ""
    problem: str = ""

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def over(self) -> datetime | None:
        """When it was over: when the measure was first seen well again, else when it was closed; None while open."""
        return max(self.opened, self.recovered) if self.recovered and self.closed else self.closed

    def reached(self, step: str) -> datetime | None:
        """When a clock's end was reached: by the step, by a later one, or by the end of the incident."""
        if step == "noticed":
            return self.noticed
        later = STEPS[STEPS.index(step) :] if step in STEPS else ()
        moments = [self.steps[name][0] for name in later if name in self.steps]
        return min([*moments, *([self.closed] if self.closed else [])], default=None)


@dataclass(frozen=True)
class Clock:
    """A clock of an incident. ``stopped``: when what it waits for happened. ``late``: it did, or does, run out."""

    name: str
    due: datetime
    stopped: datetime | None
    late: bool


def clocks_of(incident: Incident, plan: CarePlan, start: datetime, now: datetime) -> tuple[Clock, ...]:
    """How all clocks of an incident stand at ``now``; an update is only due while it is open."""
    return (*_once(incident, plan, start, now), *_update(incident, plan, start, now))


def _once(incident: Incident, plan: CarePlan, start: datetime, now: datetime) -> Iterator[Clock]:
    rules = plan.clocks[incident.priority]
    for name, step in CLOCKS.items():
        # The people on duty are told at once, whatever the hour: a message waits for them, they do not wait for it.
        wall = rules.around_the_clock or name == "notice"
        due = deadline(plan, start, incident.since, getattr(rules, name), wall)
        stopped = incident.reached(step)
        yield Clock(name, due, stopped, (stopped or now) > due)


def _update(incident: Incident, plan: CarePlan, start: datetime, now: datetime) -> Iterator[Clock]:
    if incident.is_open:
        rules = plan.clocks[incident.priority]
        last = max(incident.since, incident.told or incident.since)
        due = deadline(plan, start, last, rules.update, rules.around_the_clock)
        yield Clock("update", due, None, now > due)


@dataclass(frozen=True)
class Call:
    """A level of the ladder that is due: who is called, and since when."""

    level: int
    role: str
    due: datetime


def calls_due(incident: Incident, plan: CarePlan, start: datetime, now: datetime) -> tuple[Call, ...]:
    """The levels that are due at ``now`` and were not called, lowest first: none after a workaround or the end."""
    if not incident.is_open or incident.reached("worked_around"):
        return ()
    rules = plan.clocks[incident.priority]
    levels = (step for step in plan.ladder if step.level <= rules.highest and step.level not in incident.called)
    # Level 1 is the notice itself, so it is due at once like that; the others count in support time.
    found = (
        Call(step.level, step.role, incident.since + timedelta(minutes=step.after_minutes))
        if rules.around_the_clock or step.after_minutes == 0
        else Call(step.level, step.role, deadline(plan, start, incident.since, step.after_minutes, False))
        for step in levels
    )
    return tuple(call for call in found if call.due <= now)
