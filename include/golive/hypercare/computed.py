"""What is computed from the record: downtime, recovery, planned downtime, critical incidents; and the silence.

A figure over a time in which nobody looked is unknown: that nothing was recorded then says nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from golive.hypercare.hours import Span
from golive.hypercare.incident import Incident
from golive.hypercare.judge import against
from golive.hypercare.state import State
from golive.hypercare.values import Judgement, Measure, Result

MONTH = timedelta(days=30)
"""The month over which a figure is taken: the last thirty days, or since go-live."""
LONGEST_GAP = timedelta(hours=2)
"""Looks come every quarter of an hour; a longer silence than this leaves a hole in what is known."""
SERIOUS = ("P1", "P2")
SOURCE = "ledger"


def computed(state: State, measure: Measure, now: datetime) -> Judgement:
    """A computed measure over the last month."""
    since = period_start(state, now)
    if hole := unseen(state, since, now):
        detail = f"{hole[0].isoformat(timespec='minutes')} … {hole[1].isoformat(timespec='minutes')}"
        return Judgement(measure.name, Result.UNKNOWN, "unseen", source=SOURCE, detail=detail)
    return against(measure, COMPUTED[measure.name](state, since, now), SOURCE, now)


def period_start(state: State, now: datetime) -> datetime:
    return max(state.started or now, now - MONTH)


def unseen(state: State, since: datetime, now: datetime) -> Span | None:
    """The newest time in a period during which nobody looked, None when there is none."""
    looks = [look for look in state.looks if since <= look <= now]
    gaps = [gap for gap in pairwise([since, *looks, now]) if gap[1] - gap[0] > LONGEST_GAP]
    return gaps[-1] if gaps else None


def silence(state: State, now: datetime) -> timedelta:
    """How long there has been no P1 or P2, no change that nobody planned, and nobody has looked away."""
    if state.started is None:
        return timedelta()
    hole = unseen(state, state.started, now)
    moments = [state.started, *state.unplanned, *([hole[1]] if hole else [])]
    moments += [item.over or now for item in state.incidents.values() if item.priority in SERIOUS]
    return max(timedelta(), now - max(moments))


def _downtime(state: State, since: datetime, now: datetime) -> Decimal:
    return _minutes(_of(item, since, now) for item in _serious(state, since))


def _recovery(state: State, since: datetime, now: datetime) -> Decimal:
    """The mean; no incident at all in a month that was watched is no time to recover."""
    each = [_minutes([(item.opened, item.over or now)]) for item in _serious(state, since)]
    return sum(each, Decimal(0)) / len(each) if each else Decimal(0)


def _planned(state: State, since: datetime, now: datetime) -> Decimal:
    return _minutes((max(item.starts, since), min(item.ends, now)) for item in state.planned)


def _critical(state: State, since: datetime, _now: datetime) -> Decimal:
    found = (item for item in state.incidents.values() if item.priority == "P1")
    return Decimal(sum((item.over or _now) >= since for item in found))


def _serious(state: State, since: datetime) -> list[Incident]:
    found = (item for item in state.incidents.values() if item.priority in SERIOUS)
    return [item for item in found if item.over is None or item.over > since]


def _of(incident: Incident, since: datetime, now: datetime) -> Span:
    return max(incident.opened, since), incident.over or now


def _minutes(spans: Iterable[Span]) -> Decimal:
    """The time that spans cover together, each moment once, in minutes."""
    total, reached = timedelta(), datetime.min.replace(tzinfo=UTC)
    for begin, end in sorted(spans):
        total += max(timedelta(), end - max(begin, reached))
        reached = max(end, reached)
    return Decimal(int(total.total_seconds())) / 60


COMPUTED: Mapping[str, Callable[[State, datetime, datetime], Decimal]] = {
    "downtime": _downtime,
    "recovery_time": _recovery,
    "planned_downtime": _planned,
    "critical_incidents": _critical,
}
