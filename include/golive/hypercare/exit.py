"""The gate at the end of hypercare: hand over, extend or roll back; what is missing, and the certificate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from golive.canonical import digest
from golive.hypercare.catalogue import conditions
from golive.hypercare.computed import silence
from golive.hypercare.errors import NotInHypercare, NotReady, NotYours, SignatureStale
from golive.hypercare.hours import boundaries
from golive.hypercare.incident import Incident
from golive.hypercare.plan import CarePlan
from golive.hypercare.standing import fulfilled, measured
from golive.hypercare.state import State
from golive.hypercare.values import Judgement, Result
from golive.ledger.events import NewEvent
from golive.texts import text

Side = Literal["giver", "receiver"]
SIDES: tuple[Side, ...] = ("giver", "receiver")


@dataclass(frozen=True)
class Missing:
    """What keeps hypercare from being handed over: a key of the catalogue (``missing_<key>``) and its facts."""

    key: str
    name: str = ""
    title: Mapping[str, str] | None = None
    why: str = ""
    detail: str = ""

    def words(self, locale: str) -> str:
        facts = {"name": self.name, "title": self.title[locale] if self.title else self.name, "detail": self.detail}
        why = text(f"hypercare.short_{self.why}", locale) if self.why else ""
        return text(f"hypercare.missing_{self.key}", locale, why=why, **facts)


@dataclass(frozen=True)
class ExitStanding:
    """How the end stands at ``at``. ``last_day`` is local; ``over``: it has come. ``overran``: by how many days."""

    at: datetime
    last_day: date
    over: bool
    measures: Mapping[str, Judgement]
    conditions: Mapping[str, Judgement]
    missing: tuple[Missing, ...]
    silent_days: int


def last_day(plan: CarePlan, state: State) -> date:
    """The local day on which hypercare ends: after the weeks of its phases, or as extended. Before go-live: today's
    plan has none, so the first day of time."""
    if state.until:
        return state.until
    return boundaries(plan, state.started)[-1].astimezone(plan.zone).date() if state.started else date.min


def exit_standing(plan: CarePlan, state: State, now: datetime) -> ExitStanding:
    """What stands, and what is missing, for handing over."""
    found = measured(plan, state, now)
    known = fulfilled(plan, state, found)
    end, today = last_day(plan, state), now.astimezone(plan.zone).date()
    missing = [
        *([] if today >= end else [Missing("time", detail=end.isoformat())]),
        *_conditions(known),
        *_incidents(state),
        *_signers(plan),
    ]
    return ExitStanding(now, end, today >= end, found, known, tuple(missing), silence(state, now).days)


def _conditions(known: Mapping[str, Judgement]) -> list[Missing]:
    bad = (item for item in known.values() if item.result not in (Result.MET, Result.WAIVED))
    titles = conditions()
    return [
        Missing("condition", item.name, {"ko": titles[item.name].ko, "en": titles[item.name].en}, item.why, item.detail)
        for item in bad
    ]


def _incidents(state: State) -> list[Missing]:
    unexplained = (item for item in state.incidents.values() if not item.is_open and not item.root_cause)
    return [
        *(Missing("open", item.incident) for item in state.open_incidents),
        *(Missing("explanation", item.incident) for item in unexplained),
    ]


def _signers(plan: CarePlan) -> list[Missing]:
    sides = {side: plan.with_role(role) for side, role in roles(plan).items()}
    nobody = [Missing("signer", roles(plan)[side]) for side, people in sides.items() if not people]
    alone = len(set(sides["giver"]) | set(sides["receiver"])) < len(SIDES)
    return nobody or ([Missing("two_signers")] if alone else [])


def roles(plan: CarePlan) -> dict[Side, str]:
    return {"giver": plan.hypercare.giver, "receiver": plan.hypercare.receiver}


def certificate(
    plan: CarePlan, state: State, now: datetime, documents: Sequence[str] = (), accounts: Sequence[str] = ()
) -> dict[str, Any]:
    """The hand-over certificate (인수인계 확인서) as JSON. ``documents`` and ``accounts`` are names of what is handed
    over: deliverables, and connections without what is in them."""
    stands = exit_standing(plan, state, now)
    return {
        "release": plan.release,
        "environment": plan.environment,
        "day": now.astimezone(plan.zone).date().isoformat(),
        "last_day": stands.last_day.isoformat(),
        "silent_days": stands.silent_days,
        "measures": [as_row(item) for item in stands.measures.values()],
        "conditions": [as_row(item) for item in stands.conditions.values()],
        "waived": dict(plan.waived),
        "known_issues": [_issue(item) for item in state.incidents.values()],
        "documents": list(documents),
        "accounts": list(accounts),
        "contacts": contacts(plan),
    }


def as_row(judged: Judgement) -> dict[str, Any]:
    """A judgement as JSON; a value keeps its digits."""
    row = asdict(judged)
    return {
        **row,
        "result": judged.result.value,
        "value": None if judged.value is None else f"{judged.value:.4f}",
        "at": judged.at.isoformat() if judged.at else None,
    }


def contacts(plan: CarePlan) -> list[dict[str, Any]]:
    """Who is reached how, by the levels of the ladder."""
    found = []
    for step in plan.ladder:
        for person in plan.with_role(step.role):
            entry = plan.people[person]
            reach = {"email": entry.email, "phone": entry.phone}
            found.append({"level": step.level, "role": step.role, "person": person, "name": entry.name, **reach})
    return found


def _issue(incident: Incident) -> dict[str, Any]:
    names = ("incident", "title", "priority", "problem", "root_cause", "prevention")
    return {**{name: getattr(incident, name) for name in names}, "open": incident.is_open}


def sign(
    plan: CarePlan, person: str, side: Side, document: Mapping[str, Any]
) -> Callable[[State, datetime], list[NewEvent]]:
    """A signature under the certificate; the second side's ends hypercare. Signed before by this person: nothing.

    Raises ``NotInHypercare``, ``NotYours``, ``NotReady`` (with what is missing now), ``SignatureStale`` when the other
    side signed another certificate.
    """
    number = digest(dict(document))

    def decide(state: State, now: datetime) -> list[NewEvent]:
        if state.started is None or state.ended:
            raise NotInHypercare(release=plan.release, environment=plan.environment)
        missing = exit_standing(plan, state, now).missing
        if missing:
            raise NotReady(missing=missing)
        others = [item for item in state.signatures if item.side != side]
        people = set(plan.with_role(roles(plan)[side])) - {item.person for item in others}
        if person not in people:
            raise NotYours(person=person, role=roles(plan)[side], people=", ".join(sorted(people)) or "-")
        if any(item.person == person and item.certificate == number for item in state.signatures):
            return []
        if others and others[-1].certificate != number:
            raise SignatureStale(person=others[-1].person)
        data = {"environment": state.environment, "certificate": number}
        signed = NewEvent("handover.signed", {**data, "side": side}, person)
        return [signed, NewEvent("hypercare.handed_over", data)] if others else [signed]

    return decide
