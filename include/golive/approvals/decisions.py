"""The decisions behind a gate, as functions for ``ledger.append``: they see all events of the release and its clock."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from golive.approvals.errors import NotApproved
from golive.approvals.standing import Tally, Vote, identity, refusal, standing_of, tally
from golive.approvals.values import Gate, Kind, Line, LineStep, State
from golive.canonical import Digest
from golive.escape import one_line
from golive.ledger.events import Decide, Event, NewEvent

_NAME_LIMIT = 200


def decide_ask(gate: Gate, line: Line, excluded: Collection[str], kind: Kind, body: Digest, title: str) -> Decide:
    """The decision behind ``ask``: a ``gate.asked``, or nothing when there is nothing to ask."""
    step = _step(line, kind)

    def decide(events: Sequence[Event], now: datetime) -> Sequence[NewEvent]:
        found = tally(events, gate, line)
        if found.decision or kind in found.asked:
            return ()
        earlier = {before.kind for before in line.before(kind)}
        missing = tuple(part for part in standing_of(found, line, None, now).missing if part.kind in earlier)
        if missing:
            where = {"environment": gate.environment, "stage": gate.stage, "attempt": gate.attempt}
            raise NotApproved(**where, missing=missing)
        data = {
            "kind": kind.value,
            "title": one_line(title, _NAME_LIMIT),
            "body": body,
            "assignees": list(step.left(excluded)),
            "expires": (now + timedelta(hours=step.within_hours)).isoformat(),
        }
        return (NewEvent("gate.asked", {**identity(gate), **data}),)

    return decide


def decide_answer(gate: Gate, line: Line, excluded: Collection[str], vote: Vote, channel: str) -> Decide:
    """The decision behind ``answer``: one ``gate.signed``, one ``gate.refused``, or nothing for a repeated answer."""
    data = {
        **identity(gate),
        "kind": one_line(vote.kind, _NAME_LIMIT),
        "person": one_line(vote.person, _NAME_LIMIT),
        "answer": one_line(vote.answer, _NAME_LIMIT),
        "channel": one_line(channel, _NAME_LIMIT),
    }

    def decide(events: Sequence[Event], now: datetime) -> Sequence[NewEvent]:
        found = tally(events, gate, line)
        if _repeated(found, vote):
            return ()
        why = refusal(found, line, vote, now)
        if why is None and vote.person in excluded:
            why = "approvals.why_excluded"
        if why:
            return (NewEvent("gate.refused", {**data, "why": why}),)
        return (NewEvent("gate.signed", {**data, "person": vote.person, "reason": vote.reason}, vote.person),)

    return decide


def decide_expire(gate: Gate, line: Line, kind: Kind) -> Decide:
    """The decision behind ``expire``."""

    def decide(events: Sequence[Event], now: datetime) -> Sequence[NewEvent]:
        found = tally(events, gate, line)
        due = standing_of(found, line, kind, now).state is State.EXPIRED and kind not in found.expired
        return (NewEvent("gate.expired", {**identity(gate), "kind": kind.value}),) if due else ()

    return decide


def _repeated(found: Tally, vote: Vote) -> bool:
    return any(item.person == vote.person and item.answer == vote.answer for item in found.of(vote.kind))


def _step(line: Line, kind: Kind) -> LineStep:
    step = line.step(kind)
    if step is None:
        raise KeyError(kind)
    return step
