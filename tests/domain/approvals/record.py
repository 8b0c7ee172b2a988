"""A gate to test with, and the record as a list: the decisions are pure, so the fold needs no database."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from golive.approvals.decisions import decide_answer, decide_ask
from golive.approvals.standing import Vote, standing
from golive.approvals.values import Gate, Kind, Line, LineStep, Standing
from golive.ledger.events import Decide, Event, NewEvent, release_stream

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
GATE = Gate("contact-center-2.0", "production", "cutover", 1, "sha256:" + "a" * 64, "sha256:" + "b" * 64)
LINE = Line(
    (
        LineStep(Kind.REVIEW, "quality", 1, ("choi", "kim"), 24),
        LineStep(Kind.AGREE, "operations_lead", 2, ("han", "lee", "park"), 24),
        LineStep(Kind.DECIDE, "service_owner", 1, ("jung", "kim", "han"), 24, valid_hours=8),
    )
)
DRAFTER = ("kim",)


class Record:
    """Events in a list under a clock that the test moves."""

    def __init__(self, gate: Gate = GATE, line: Line = LINE, excluded: Collection[str] = DRAFTER) -> None:
        self.gate, self.line, self.excluded = gate, line, excluded
        self.events: list[Event] = []
        self.now = START

    def append(self, decide: Decide) -> tuple[NewEvent, ...]:
        written = tuple(decide(tuple(self.events), self.now))
        for new in written:
            stream = release_stream(self.gate.release)
            event = Event(stream, len(self.events) + 1, new.kind, new.data, new.actor, self.now, "")
            self.events.append(event)
        return written

    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def ask(self, kind: Kind) -> tuple[NewEvent, ...]:
        return self.append(decide_ask(self.gate, self.line, self.excluded, kind, "sha256:" + "c" * 64, "Cutover"))

    def say(self, kind: str, person: str, answer: str = "approve", reason: str = "") -> str | None:
        """Why the answer was refused, ``signed``, or None when it changed nothing."""
        vote = Vote(kind, person, answer, reason)
        written = self.append(decide_answer(self.gate, self.line, self.excluded, vote, "test"))
        return written[0].data.get("why", "signed").removeprefix("approvals.why_") if written else None

    def grant(self) -> None:
        for kind, people in (("review", ["choi"]), ("agree", ["han", "lee"]), ("decide", ["jung"])):
            self.ask(Kind(kind))
            assert [self.say(kind, person) for person in people] == ["signed"] * len(people)

    def stands(self, kind: str | None = None) -> Standing:
        return standing(self.events, self.gate, self.line, kind, self.now)
