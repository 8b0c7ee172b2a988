"""What people say during hypercare, as functions for ``Journal.append``: they see all events and the record's clock."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from golive.hypercare.catalogue import conditions
from golive.hypercare.errors import (
    DowntimeInvalid,
    EndInvalid,
    IncidentUnknown,
    MeasureUnknown,
    NotInHypercare,
    NotYours,
    StepRefused,
    WordsMissing,
)
from golive.hypercare.exit import last_day
from golive.hypercare.incident import STEPS, Incident
from golive.hypercare.judge import TOLERANCE, flaw
from golive.hypercare.plan import CarePlan
from golive.hypercare.state import State
from golive.hypercare.values import Priority, Reading
from golive.hypercare.watch import close, opening
from golive.ledger.events import NewEvent

LONGEST = 2000
UPDATED = "updated"

Decision = Callable[[State, datetime], Sequence[NewEvent]]


def sample(plan: CarePlan, readings: Sequence[Reading]) -> Decision:
    """A look: what each source gave, believed or not. A look without readings is recorded too."""

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        rows = [_row(reading) for reading in readings]
        return [NewEvent("kpi.sampled", {"environment": state.environment, "readings": rows})]

    return decide


def attest(
    plan: CarePlan, person: str, name: str, value: str, measured: datetime, note: str, evidence: str
) -> Decision:
    """A person's value for an attested measure, or ``met`` / ``not_met`` for an attested condition.

    Raises ``MeasureUnknown`` (also for what is computed or rests on others, and for a value that cannot be),
    ``NotYours``, ``WordsMissing``.
    """

    def decide(state: State, now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        _require_known(plan, person)
        where = {"environment": state.environment, "note": words(note), "evidence": evidence}
        measure, condition = plan.measures.get(name), conditions().get(name)
        if measure and measure.obtained != "computed":
            reading = Reading(name, value, f"person/{person}", measured)
            if flaw(measure, reading, now) in (None, "stale"):
                return [NewEvent("kpi.attested", {**where, **_row(reading)}, person)]
        elif condition and condition.by == "attested" and value in ("met", "not_met"):
            return [NewEvent("condition.attested", {**where, "condition": name, "met": value == "met"}, person)]
        raise MeasureUnknown(name=name, value=value, known=", ".join(attestable(plan)))

    return decide


def attestable(plan: CarePlan) -> tuple[str, ...]:
    """What people may attest: measures that nothing computes, and conditions that rest on nothing else."""
    measured = (name for name, item in plan.measures.items() if item.obtained != "computed" and name not in plan.waived)
    return (*measured, *(name for name, item in conditions().items() if item.by == "attested"))


def report_incident(plan: CarePlan, person: str, cause: str, priority: Priority, title: str, detail: str) -> Decision:
    """An incident that a person saw; nothing when one of the same cause is open."""

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        _require_known(plan, person)
        if state.by_cause(f"reported:{cause}"):
            return []
        new = opening(plan, state, f"reported:{cause}", priority, words(title), words(detail))
        return [NewEvent(new.kind, new.data, person)]

    return decide


def step(plan: CarePlan, person: str, incident: str, name: str, note: str) -> Decision:
    """``acknowledged``, ``analysed``, ``worked_around`` or ``updated``, with words; a step done before is not repeated.

    Raises ``IncidentUnknown``, ``StepRefused`` when the incident is closed or was further already.
    """

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        found = _incident(state, incident)
        _require_known(plan, person)
        if name not in (*STEPS, UPDATED) or not found.is_open:
            raise StepRefused(incident=incident, step=name if name in (*STEPS, UPDATED) else "other")
        if name in found.steps:
            return []
        if name != UPDATED and found.reached(name):
            raise StepRefused(incident=incident, step=name)
        data = {"environment": state.environment, "incident": incident, "step": name, "note": words(note)}
        return [NewEvent("incident.step", data, person)]

    return decide


def resolve(plan: CarePlan, person: str, incident: str, reason: str) -> Decision:
    """Ends an incident that a person reported. One that a look opened ends when its measure is well, never by word."""

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        found = _incident(state, incident)
        _require_known(plan, person)
        if not found.cause.startswith("reported:"):
            raise StepRefused(incident=incident, step="resolved")
        if not found.is_open:
            return []
        new = close(state, found, words(reason))
        return [NewEvent(new.kind, new.data, person)]

    return decide


def explain(plan: CarePlan, person: str, incident: str, root_cause: str, prevention: str, problem: str) -> Decision:
    """Root cause and prevention of an incident that has ended. ``problem`` is the name under which incidents with the
    same root cause are gathered."""

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        found = _incident(state, incident)
        _require_known(plan, person)
        if found.is_open:
            raise StepRefused(incident=incident, step="explained")
        said = {"root_cause": words(root_cause), "prevention": words(prevention), "problem": words(problem)}
        if said == {name: getattr(found, name) for name in said}:
            return []
        return [
            NewEvent("incident.explained", {"environment": state.environment, "incident": incident, **said}, person)
        ]

    return decide


def change(plan: CarePlan, person: str, what: str, planned: bool) -> Decision:
    """A change of the running system. One that nobody planned ends the silence."""

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        _require_known(plan, person)
        data = {"environment": state.environment, "what": words(what), "planned": planned}
        return [NewEvent("change.recorded", data, person)]

    return decide


def plan_downtime(plan: CarePlan, person: str, starts: datetime, ends: datetime, reason: str) -> Decision:
    """An interruption that is announced before it begins; no look opens an incident while it lasts."""

    def decide(state: State, now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        _require_known(plan, person)
        if not now - TOLERANCE <= starts < ends <= starts + timedelta(days=1):
            raise DowntimeInvalid(starts=_local(plan, starts), ends=_local(plan, ends))
        moments = {"starts": starts.isoformat(), "ends": ends.isoformat()}
        data = {"environment": state.environment, **moments, "reason": words(reason)}
        return [NewEvent("downtime.planned", data, person)]

    return decide


def extend(plan: CarePlan, person: str, until: date, reason: str) -> Decision:
    """A later last day, and why. Signatures of a hand-over do not outlive it. Raises ``EndInvalid``, ``NotYours``."""

    def decide(state: State, now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        require_role(plan, person, plan.hypercare.giver)
        end = last_day(plan, state)
        today = now.astimezone(plan.zone).date()
        if not max(end, today) < until <= today + timedelta(days=366):
            raise EndInvalid(until=until.isoformat(), end=end.isoformat())
        data = {"environment": state.environment, "until": until.isoformat(), "reason": words(reason)}
        return [NewEvent("hypercare.extended", data, person)]

    return decide


def choose_rollback(plan: CarePlan, person: str, reason: str) -> Decision:
    """The gate's third answer: to roll the release back. Who leads the rollback runs it, and hypercare ends with it.

    Raises ``NotYours`` unless the person leads the rollback or would sign the hand-over.
    """

    def decide(state: State, _now: datetime) -> Sequence[NewEvent]:
        _require_running(plan, state)
        if person != plan.rollback_owner:
            require_role(plan, person, plan.hypercare.giver)
        data = {"environment": state.environment, "reason": words(reason), "owner": plan.rollback_owner}
        return [NewEvent("hypercare.rollback_chosen", data, person)]

    return decide


def words(given: str) -> str:
    """A text for the record. Raises ``WordsMissing`` for an empty or too long one."""
    found = given.strip()
    if not found or len(found) > LONGEST:
        raise WordsMissing(longest=LONGEST)
    return found


def require_role(plan: CarePlan, person: str, role: str) -> None:
    """Raises ``NotYours`` unless the person holds the role."""
    people = plan.with_role(role)
    if person not in people:
        raise NotYours(person=person, role=role, people=", ".join(people) or "-")


def _require_known(plan: CarePlan, person: str) -> None:
    if person not in plan.people:
        raise NotYours(person=person, role="-", people=", ".join(sorted(plan.people)))


def _require_running(plan: CarePlan, state: State) -> None:
    if state.started is None or state.ended:
        raise NotInHypercare(release=plan.release, environment=plan.environment)


def _incident(state: State, name: str) -> Incident:
    if name not in state.incidents:
        raise IncidentUnknown(incident=name, known=", ".join(state.incidents) or "-")
    return state.incidents[name]


def _local(plan: CarePlan, moment: datetime) -> str:
    return moment.astimezone(plan.zone).isoformat(sep=" ", timespec="minutes")


def _row(reading: Reading) -> dict[str, str | None]:
    written = None if reading.value is None else reading.value[:100]
    return {
        "kpi": reading.measure,
        "value": written,
        "source": reading.source[:200],
        "measured": reading.at.isoformat(),
    }
