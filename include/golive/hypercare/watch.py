"""The look of every quarter of an hour: which incidents open and close, which clocks ran out, who is called. Pure.

Looking twice at the same moment says nothing new: what was recorded is not said again.
"""

from collections.abc import Iterator
from datetime import datetime

from golive.hypercare.hours import on_duty
from golive.hypercare.incident import Incident, calls_due, clocks_of
from golive.hypercare.judge import TOLERANCE, beyond, judge
from golive.hypercare.plan import CarePlan
from golive.hypercare.state import State
from golive.hypercare.values import Judgement, Measure, Result
from golive.ledger.events import NewEvent
from golive.texts import text

GOOD_LOOKS = 2
"""So many sound readings in a row that meet the target end an incident; what is unknown never does."""


def watch(plan: CarePlan, state: State, now: datetime) -> list[NewEvent]:
    """What a look at ``now`` records; nothing before go-live or after the end."""
    if state.started is None or state.ended or now < state.started:
        return []
    found: list[NewEvent] = []
    for measure in plan.measures.values():
        if measure.watched and measure.name not in plan.waived:
            found += _measured(plan, state, measure, now)
    gone = {str(event.data["incident"]) for event in found if event.kind == "incident.closed"}
    for incident in state.open_incidents:
        if incident.incident not in gone:
            found += _clocks(plan, state, incident, now)
    return found


def _measured(plan: CarePlan, state: State, measure: Measure, now: datetime) -> Iterator[NewEvent]:
    judged = judge(measure, state.newest(measure.name), now)
    breach, silence = (state.by_cause(f"{kind}:{measure.name}") for kind in ("kpi", "silence"))
    if judged.result is Result.UNKNOWN:
        if silence is None and _long_enough(state, measure, judged, now):
            yield _open(plan, state, measure, judged, "silence", "P3")
        return
    if silence is not None:
        yield close(state, silence, text("hypercare.reason_recovered", plan.locale))
    priority = "P1" if judged.value is not None and beyond(measure, judged.value) else measure.priority
    if judged.result is Result.MISSED and not _is_planned(state, now):
        if breach is None:
            yield _open(plan, state, measure, judged, "kpi", priority)
        elif priority < breach.priority:
            data = {"environment": state.environment, "incident": breach.incident, "priority": priority}
            yield NewEvent("incident.raised", data)
    elif breach is not None and (since := _well_since(state, measure, breach, now)):
        yield close(state, breach, text("hypercare.reason_recovered", plan.locale), since)


def _long_enough(state: State, measure: Measure, judged: Judgement, now: datetime) -> bool:
    """A source that answers nonsense is told at once; one that is silent gets as long as its value is fresh."""
    silent = judged.why in ("no_value", "stale")
    reading = state.newest(measure.name)
    since = reading.at if reading and reading.value is not None else state.started or now
    return not silent or now - since > measure.fresh


def _is_planned(state: State, now: datetime) -> bool:
    return any(item.starts <= now < item.ends for item in state.planned)


def _well_since(state: State, measure: Measure, breach: Incident, now: datetime) -> datetime | None:
    """The first of the last readings, if all were measured after the incident opened, are sound and meet the target."""
    last = state.readings.get(measure.name, [])[-GOOD_LOOKS:]
    moments = {reading.at for reading in last}
    well = len(moments) == GOOD_LOOKS and all(
        reading.at >= breach.opened - TOLERANCE and judge(measure, reading, now).result is Result.MET
        for reading in last
    )
    return last[0].at if well else None


def _open(plan: CarePlan, state: State, measure: Measure, judged: Judgement, kind: str, priority: str) -> NewEvent:
    told = plan.locale
    facts = {"name": measure.title(told), "value": shown(judged), "target": measure.target, "unit": measure.unit}
    detail = text(f"hypercare.why_{judged.why}", told, **facts)
    return opening(
        plan, state, f"{kind}:{measure.name}", priority, text(f"hypercare.incident_{kind}", told, **facts), detail
    )


def opening(plan: CarePlan, state: State, cause: str, priority: str, title: str, detail: str) -> NewEvent:
    """``incident.opened`` with a name that counts the incidents of its cause."""
    number = sum(item.cause == cause for item in state.incidents.values()) + 1
    data = {
        "environment": state.environment,
        "incident": f"{plan.release}-{cause.replace(':', '-')}-{number}",
        "cause": cause,
        "title": title,
        "priority": priority,
        "detail": detail,
    }
    return NewEvent("incident.opened", data)


def close(state: State, incident: Incident, reason: str, recovered: datetime | None = None) -> NewEvent:
    """``incident.closed``; ``recovered`` is when it was over, if that was seen to be before now."""
    data = {"environment": state.environment, "incident": incident.incident, "title": incident.title, "reason": reason}
    return NewEvent("incident.closed", {**data, "recovered": recovered.isoformat()} if recovered else data)


def _clocks(plan: CarePlan, state: State, incident: Incident, now: datetime) -> Iterator[NewEvent]:
    start = state.started or now
    named = {"environment": state.environment, "incident": incident.incident, "title": incident.title}
    for call in calls_due(incident, plan, start, now):
        facts = {"level": call.level, "role": call.role, "due": call.due.isoformat()}
        people = list(on_duty(plan, start, call.role, now))
        yield NewEvent("incident.escalated", {**named, **facts, "people": people})
    for clock in clocks_of(incident, plan, start, now):
        due = clock.due.isoformat()
        if clock.late and clock.stopped is None and f"{clock.name} {due}" not in incident.overdue:
            yield NewEvent("incident.overdue", {**named, "clock": clock.name, "due": due})


def shown(judged: Judgement) -> str:
    """A judgement's value as people read it: at most two decimals, a dash for none."""
    if judged.value is None:
        return judged.detail or "-"
    return (
        f"{judged.value:.2f}".rstrip("0").rstrip(".")
        if judged.value != judged.value.to_integral_value()
        else str(int(judged.value))
    )
