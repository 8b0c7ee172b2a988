"""How hypercare stands: a fold over the events of the release. What is not of this environment is passed over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from golive.hypercare.incident import STEPS, Incident
from golive.hypercare.values import Reading
from golive.ledger.events import Event

INCIDENT_KEY = "incident:"
"""What the key of an incident's first message begins with: when that was sent, the notice is given."""


@dataclass(frozen=True)
class Attested:
    """What somebody said of a condition. ``evidence``: the digest of what was given with it."""

    met: bool
    person: str
    note: str
    evidence: str
    at: datetime


@dataclass(frozen=True)
class Signature:
    side: str
    person: str
    certificate: str
    at: datetime


@dataclass(frozen=True)
class Downtime:
    """A planned interruption."""

    starts: datetime
    ends: datetime
    reason: str


@dataclass
class State:
    """What the record says of one environment's hypercare. ``started``: go-live; None before it, or after a rollback.

    ``ended``: how it ended (``handed_over`` or ``rolled_back``) and when. ``until``: the local day to which it was
    extended. ``looks``: when each look was recorded.
    """

    environment: str
    sequence: int = 0
    started: datetime | None = None
    ended: tuple[str, datetime] | None = None
    until: date | None = None
    looks: list[datetime] = field(default_factory=list)
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    baseline: dict[str, Reading] = field(default_factory=dict)
    attested: dict[str, Attested] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    unplanned: list[datetime] = field(default_factory=list)
    planned: list[Downtime] = field(default_factory=list)
    reports: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    signatures: list[Signature] = field(default_factory=list)

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        return tuple(item for item in self.incidents.values() if item.is_open)

    def by_cause(self, cause: str) -> Incident | None:
        """The open incident of a cause, of which there is at most one."""
        return next((item for item in self.open_incidents if item.cause == cause), None)

    def newest(self, measure: str) -> Reading | None:
        found = self.readings.get(measure)
        return found[-1] if found else None


def fold(events: Sequence[Event], environment: str, known: State | None = None) -> State:
    """The state after all ``events``. ``known`` is a state of the same stream, which is carried on from where it is."""
    state = known or State(environment)
    for event in events[state.sequence :]:
        state.sequence = event.sequence
        taker = TAKERS.get(event.kind)
        if taker and event.data.get("environment", environment) == environment:
            taker(state, event, event.data)
    return state


Taker = Callable[[State, Event, Mapping[str, Any]], None]


def _live(state: State, event: Event, _data: Mapping[str, Any]) -> None:
    if state.started is None or state.ended:
        baseline = state.baseline
        fresh = State(state.environment, event.sequence, event.at)
        state.__dict__.update(fresh.__dict__)
        state.baseline = baseline


def _withdrawn(state: State, event: Event, _data: Mapping[str, Any]) -> None:
    if state.started and not state.ended:
        state.ended = ("rolled_back", event.at)


def _rollback_began(state: State, event: Event, _data: Mapping[str, Any]) -> None:
    state.unplanned.append(event.at)


def _sampled(state: State, event: Event, data: Mapping[str, Any]) -> None:
    state.looks.append(event.at)
    for row in data["readings"]:
        _add(state.readings, row)


def _attested(state: State, event: Event, data: Mapping[str, Any]) -> None:
    if "kpi" in data:
        _add(state.readings, data)
    else:
        what = (data["met"], event.actor, data["note"], data.get("evidence", ""), event.at)
        state.attested[data["condition"]] = Attested(*what)


def _baseline(state: State, _event: Event, data: Mapping[str, Any]) -> None:
    reading = reading_of(data)
    state.baseline[reading.measure] = reading


def reading_of(row: Mapping[str, Any]) -> Reading:
    return Reading(row["kpi"], row["value"], row["source"], datetime.fromisoformat(row["measured"]))


def _add(readings: dict[str, list[Reading]], row: Mapping[str, Any]) -> None:
    reading = reading_of(row)
    readings.setdefault(reading.measure, []).append(reading)


def _opened(state: State, event: Event, data: Mapping[str, Any]) -> None:
    if "cause" in data:
        facts = (data["incident"], data["cause"], data["title"], data["priority"], data["detail"])
        state.incidents[data["incident"]] = Incident(*facts, opened=event.at, since=event.at)


def _changing(change: Callable[[Incident, Event, Mapping[str, Any]], Incident]) -> Taker:
    """A taker for what happens to an incident of hypercare; those of stages are passed over."""

    def take(state: State, event: Event, data: Mapping[str, Any]) -> None:
        name = data.get("incident") or str(data.get("key", "")).removeprefix(INCIDENT_KEY)
        if name in state.incidents:
            state.incidents[name] = change(state.incidents[name], event, data)

    return take


def _step(incident: Incident, event: Event, data: Mapping[str, Any]) -> Incident:
    steps = {data["step"]: (event.at, event.actor), **incident.steps} if data["step"] in STEPS else incident.steps
    return replace(incident, steps=steps, told=event.at)


def _closed(incident: Incident, event: Event, data: Mapping[str, Any]) -> Incident:
    recovered = datetime.fromisoformat(data["recovered"]) if "recovered" in data else None
    return replace(incident, closed=event.at, recovered=recovered, reason=data["reason"])


def _explained(incident: Incident, _event: Event, data: Mapping[str, Any]) -> Incident:
    words = {name: data[name] for name in ("root_cause", "prevention", "problem")}
    return replace(incident, **words)


def _overdue(incident: Incident, _event: Event, data: Mapping[str, Any]) -> Incident:
    return replace(incident, overdue=incident.overdue | {f"{data['clock']} {data['due']}"})


def _changed(state: State, event: Event, data: Mapping[str, Any]) -> None:
    if not data["planned"]:
        state.unplanned.append(event.at)


def _planned(state: State, _event: Event, data: Mapping[str, Any]) -> None:
    starts, ends = (datetime.fromisoformat(data[name]) for name in ("starts", "ends"))
    state.planned.append(Downtime(starts, ends, data["reason"]))


def _reported(state: State, event: Event, data: Mapping[str, Any]) -> None:
    made = (datetime.fromisoformat(data["due"]), event.at)
    state.reports.setdefault(data["report"], []).append(made)


def _signed(state: State, event: Event, data: Mapping[str, Any]) -> None:
    state.signatures.append(Signature(data["side"], event.actor, data["certificate"], event.at))


def _extended(state: State, _event: Event, data: Mapping[str, Any]) -> None:
    state.until = date.fromisoformat(data["until"])
    state.signatures.clear()


def _ended(state: State, event: Event, _data: Mapping[str, Any]) -> None:
    state.ended = ("handed_over", event.at)


TAKERS: Mapping[str, Taker] = {
    "release.live": _live,
    "release.rolled_back": _withdrawn,
    "rollback.began": _rollback_began,
    "kpi.baseline": _baseline,
    "kpi.sampled": _sampled,
    "kpi.attested": _attested,
    "condition.attested": _attested,
    "change.recorded": _changed,
    "downtime.planned": _planned,
    "report.made": _reported,
    "handover.signed": _signed,
    "hypercare.extended": _extended,
    "hypercare.handed_over": _ended,
    "incident.opened": _opened,
    "message.sent": _changing(lambda item, event, _: item if item.noticed else replace(item, noticed=event.at)),
    "incident.raised": _changing(lambda item, event, data: replace(item, priority=data["priority"], since=event.at)),
    "incident.step": _changing(_step),
    "incident.overdue": _changing(_overdue),
    "incident.escalated": _changing(lambda item, _, data: replace(item, called=item.called | {data["level"]})),
    "incident.closed": _changing(_closed),
    "incident.explained": _changing(_explained),
}
