"""How a gate stands: a fold over the events of a release, and the one rule that says which answer counts.

The fold sends every recorded signature through the same rule as a new answer. A signature that was written past
``answer`` (by hand, by an old try, for another plan) is in the record, but does not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from golive.approvals.values import Answer, Gate, Kind, Line, LineStep, Missing, Signature, Standing, State
from golive.canonical import Digest
from golive.ledger.events import Event

REASON_LIMIT = 2000


@dataclass(frozen=True)
class Asked:
    """A question as it was put: the first for its kind stays."""

    title: str
    body: Digest
    assignees: tuple[str, ...]
    expires: datetime
    sequence: int


@dataclass(frozen=True)
class Vote:
    """An answer on its way in, not yet judged. Kind and answer may be any text."""

    kind: str
    person: str
    answer: str
    reason: str


@dataclass(frozen=True)
class Tally:
    """What the events of one gate amount to. ``signatures`` are those that count, in order."""

    asked: Mapping[Kind, Asked] = field(default_factory=dict)
    signatures: tuple[Signature, ...] = ()
    expired: frozenset[str] = frozenset()

    @property
    def decision(self) -> Signature | None:
        return next((item for item in self.signatures if item.answer is not Answer.APPROVE), None)

    def of(self, kind: str) -> tuple[Signature, ...]:
        return tuple(item for item in self.signatures if item.kind == kind)

    def granted(self, step: LineStep) -> bool:
        return sum(item.answer is Answer.APPROVE for item in self.of(step.kind)) >= step.quorum

    def late(self, kind: Kind, now: datetime) -> bool:
        return kind in self.expired or (kind in self.asked and now >= self.asked[kind].expires)


def identity(gate: Gate) -> dict[str, Any]:
    """What every event of a gate carries. The release is the stream."""
    return {
        "environment": gate.environment,
        "stage": gate.stage,
        "attempt": gate.attempt,
        "plan": gate.plan_digest,
        "manifest": gate.manifest_digest,
    }


def tally(events: Iterable[Event], gate: Gate, line: Line) -> Tally:
    """The fold. Events of other gates, and of kinds that the line lacks, are passed over."""
    wanted = identity(gate).items()
    result = Tally()
    for event in events:
        if event.kind.startswith("gate.") and wanted <= event.data.items() and line.step(str(event.data.get("kind"))):
            result = _after(result, line, event)
    return result


def refusal(found: Tally, line: Line, vote: Vote, at: datetime) -> str | None:
    """Why ``vote`` does not count at ``at`` (a catalogue key), None when it does. The first reason that holds."""
    step = line.step(vote.kind)
    if step is None:
        return "approvals.why_not_in_line"
    asked = found.asked.get(step.kind)
    terminal = vote.answer in (Answer.RETURN, Answer.STOP)
    reasons = {
        "answer_unknown": vote.answer not in tuple(Answer),
        "not_eligible": vote.person not in step.people,
        "already_decided": found.decision is not None,
        "not_yet": not all(found.granted(earlier) for earlier in line.before(step.kind)),
        "not_asked": asked is None,
        "excluded": asked is not None and vote.person not in asked.assignees,
        "already_answered": any(item.person == vote.person for item in found.of(step.kind)),
        "already_granted": found.granted(step),
        "expired": found.late(step.kind, at),
        "reason_missing": terminal and not vote.reason.strip(),
        "reason_too_long": len(vote.reason) > REASON_LIMIT,
    }
    return next((f"approvals.why_{why}" for why, holds in reasons.items() if holds), None)


def standing(events: Sequence[Event], gate: Gate, line: Line, kind: str | None, now: datetime) -> Standing:
    """How ``kind`` of the gate stands at ``now``, or the whole line for None. Pure.

    A granted kind stays granted; the whole line's approval lapses ``line.valid_hours`` after its last signature.
    """
    return standing_of(tally(events, gate, line), line, kind, now)


def standing_of(found: Tally, line: Line, kind: str | None, now: datetime) -> Standing:
    """As ``standing``, from a tally. Raises ``KeyError`` for a kind that the line lacks."""
    steps = tuple(step for step in line.steps if kind in (None, step.kind))
    if not steps:
        raise KeyError(kind)
    open_steps = tuple(step for step in steps if not found.granted(step))
    signatures = tuple(item for item in found.signatures if kind in (None, item.kind))
    base = Standing(State.WAITING, signatures, tuple(_missing(found, step) for step in open_steps), found.decision)
    if found.decision:
        ended = State.RETURNED if found.decision.answer is Answer.RETURN else State.STOPPED
        return replace(base, state=ended)
    if open_steps:
        asked = found.asked.get(open_steps[0].kind)
        late = any(found.late(step.kind, now) for step in open_steps)
        until = asked.expires if asked else None
        return replace(base, state=State.EXPIRED if late else State.WAITING, until=until)
    if kind is not None:
        return replace(base, state=State.GRANTED)
    until = signatures[-1].at + timedelta(hours=line.valid_hours)
    return replace(base, state=State.GRANTED if now < until else State.EXPIRED, until=until)


def _missing(found: Tally, step: LineStep) -> Missing:
    signed = {item.person for item in found.of(step.kind)}
    asked = found.asked.get(step.kind)
    people = tuple(person for person in (asked.assignees if asked else step.people) if person not in signed)
    return Missing(step.kind, step.role, step.quorum - len(signed), people)


def _after(found: Tally, line: Line, event: Event) -> Tally:
    data, kind = event.data, Kind(event.data["kind"])
    if event.kind == "gate.asked" and kind not in found.asked:
        expires = datetime.fromisoformat(data["expires"])
        asked = Asked(data["title"], data["body"], tuple(data["assignees"]), expires, event.sequence)
        return replace(found, asked={**found.asked, kind: asked})
    if event.kind == "gate.expired":
        return replace(found, expired=found.expired | {kind})
    if event.kind == "gate.signed":
        vote = Vote(kind, data["person"], data["answer"], data["reason"])
        if refusal(found, line, vote, event.at) is None:
            return replace(found, signatures=(*found.signatures, _signature(event, kind)))
    return found


def _signature(event: Event, kind: Kind) -> Signature:
    data = event.data
    answer = Answer(data["answer"])
    return Signature(kind, data["person"], answer, data["reason"], data["channel"], event.at, event.sequence)
