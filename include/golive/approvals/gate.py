"""Asking, answering and relying on a gate. Every decision is made inside ``ledger.append`` on the database's clock."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from golive.approvals.decisions import decide_answer, decide_ask, decide_expire
from golive.approvals.errors import ApprovalExpired, GateReturned, GateStopped, NotApproved
from golive.approvals.standing import Asked, Vote, standing, standing_of, tally
from golive.approvals.values import Gate, Kind, Line, Question, Settled, Standing, State
from golive.escape import clean
from golive.ledger import Ledger
from golive.ledger.events import Event, release_stream

BODY_TYPE = "text/markdown; charset=utf-8"


def ask(
    ledger: Ledger, gate: Gate, line: Line, excluded: Collection[str], kind: Kind, body: str, title: str
) -> Question | Settled:
    """Put the question of ``kind`` once; asked again, the first question comes back as it was put.

    Settled when there is nothing left to ask. Raises ``NotApproved`` while an earlier kind of the line is open,
    ``NobodyCanApprove`` when ``excluded`` leaves a step of the line below its quorum, ``KeyError`` for a kind that
    the line lacks.
    """
    for step in line.steps:
        step.left(excluded)
    stream = release_stream(gate.release)
    if kind not in tally(ledger.read(stream), gate, line).asked:
        stored = ledger.store(body.encode(), BODY_TYPE)
        ledger.append(stream, decide_ask(gate, line, excluded, kind, stored, title))
    found = tally(ledger.read(stream), gate, line)
    stands = standing_of(found, line, kind, ledger.now())
    if stands.state is not State.WAITING:
        return Settled(stands)
    return _question(ledger, found.asked[kind], excluded)


def answer(
    ledger: Ledger,
    gate: Gate,
    line: Line,
    excluded: Collection[str],
    kind: str,
    person: str,
    answer: str,
    reason: str,
    channel: str,
) -> Standing:
    """Sign or refuse, and say how ``kind`` stands now; ``refused`` names why. Never raises for a bad answer.

    The same answer by the same person again changes nothing and is not refused. ``channel`` is where it came from
    (``airflow``, ``cli``).
    """
    # Names are compared as they came: a name that only looks like an approver's must not become one by cleaning.
    vote = Vote(kind, person, answer, clean(reason).strip())
    stream = release_stream(gate.release)
    written = ledger.append(stream, decide_answer(gate, line, excluded, vote, channel))
    asked_of = kind if line.step(kind) else None
    stands = standing(ledger.read(stream), gate, line, asked_of, ledger.now())
    return replace(stands, refused=next((event.data["why"] for event in written if event.kind == "gate.refused"), None))


def expire(ledger: Ledger, gate: Gate, line: Line, kind: Kind) -> Standing:
    """Record that nobody answered in time, if that is so by the database's clock, and say how ``kind`` stands."""
    stream = release_stream(gate.release)
    ledger.append(stream, decide_expire(gate, line, kind))
    return standing(ledger.read(stream), gate, line, kind, ledger.now())


def require_granted(events: Sequence[Event], gate: Gate, line: Line, now: datetime) -> None:
    """Return only if the whole line is granted and its approval has not lapsed at ``now``.

    Raises ``NotApproved``, ``ApprovalExpired``, ``GateReturned`` or ``GateStopped``.
    """
    stands = standing(events, gate, line, None, now)
    where = {"environment": gate.environment, "stage": gate.stage, "attempt": gate.attempt}
    if stands.decision:
        error = GateReturned if stands.state is State.RETURNED else GateStopped
        raise error(**where, person=stands.decision.person, reason=stands.decision.reason)
    if stands.state is State.EXPIRED:
        raise ApprovalExpired(**where, until=stands.until.isoformat() if stands.until else "-")
    if stands.state is not State.GRANTED:
        raise NotApproved(**where, missing=stands.missing)


def _question(ledger: Ledger, asked: Asked, excluded: Collection[str]) -> Question:
    assignees = tuple(person for person in asked.assignees if person not in excluded)
    return Question(asked.title, ledger.fetch(asked.body).decode(), asked.body, assignees, asked.expires)
