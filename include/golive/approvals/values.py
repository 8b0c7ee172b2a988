"""What the approvals room speaks in: gates, lines, answers, signatures and how a gate stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from golive.approvals.errors import LineInvalid, NobodyCanApprove
from golive.canonical import Digest


class Kind(StrEnum):
    """The kinds of a line's steps, in the order in which they are asked."""

    REVIEW = "review"
    AGREE = "agree"
    DECIDE = "decide"


class Answer(StrEnum):
    """What a person can say. RETURN and STOP end the gate and need a reason."""

    APPROVE = "approve"
    RETURN = "return"
    STOP = "stop"


class State(StrEnum):
    """How a gate, or one kind of it, stands. All but WAITING are settled for what was asked."""

    WAITING = "waiting"
    GRANTED = "granted"
    RETURNED = "returned"
    STOPPED = "stopped"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Gate:
    """One attempt at one stage, for exactly one manifest and one plan. An answer to another gate says nothing here."""

    release: str
    environment: str
    stage: str
    attempt: int
    manifest_digest: Digest
    plan_digest: Digest


@dataclass(frozen=True)
class LineStep:
    """``quorum`` different people of ``people`` must approve within ``within_hours`` of being asked.

    ``valid_hours`` is how long the finished line may be used; the shortest of its steps counts.
    """

    kind: Kind
    role: str
    quorum: int
    people: tuple[str, ...]
    within_hours: int
    valid_hours: int = 24

    def left(self, excluded: Collection[str]) -> tuple[str, ...]:
        """Who may answer when ``excluded`` may not. Raises ``NobodyCanApprove`` when that is below the quorum."""
        people = tuple(dict.fromkeys(person for person in self.people if person not in excluded))
        if len(people) < self.quorum:
            raise NobodyCanApprove(kind=self.kind.value, role=self.role, quorum=self.quorum, people=people)
        return people


@dataclass(frozen=True)
class Line:
    """An approval line: at least one step, each kind at most once and in order, no number below 1.

    Raises ``LineInvalid``: a line that asks for nothing must not grant anything.
    """

    steps: tuple[LineStep, ...]

    def __post_init__(self) -> None:
        order = [list(Kind).index(step.kind) for step in self.steps]
        numbers = [number for step in self.steps for number in (step.quorum, step.within_hours, step.valid_hours)]
        if not order or order != sorted(set(order)) or min(numbers) < 1:
            raise LineInvalid(kinds=", ".join(step.kind.value for step in self.steps) or "-")

    @property
    def valid_hours(self) -> int:
        return min(step.valid_hours for step in self.steps)

    def step(self, kind: str) -> LineStep | None:
        return next((step for step in self.steps if step.kind == kind), None)

    def before(self, kind: str) -> tuple[LineStep, ...]:
        """The steps that must be granted before ``kind`` counts."""
        kinds = [step.kind.value for step in self.steps]
        return self.steps[: kinds.index(kind)]


@dataclass(frozen=True)
class Signature:
    """An answer that counted. ``at`` is the database's clock; ``sequence`` its place in the release's stream."""

    kind: Kind
    person: str
    answer: Answer
    reason: str
    channel: str
    at: datetime
    sequence: int


@dataclass(frozen=True)
class Missing:
    """``wanted`` more approvals of this kind, from any of ``people``."""

    kind: Kind
    role: str
    wanted: int
    people: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """How a gate stands. ``decision`` is the return or stop that ended it.

    ``until``: while WAITING, when the question lapses (None before it was asked); when GRANTED, when the whole line's
    approval lapses (None for a single kind). ``refused``: set by ``answer`` alone, the catalogue key of why the answer
    did not count.
    """

    state: State
    signatures: tuple[Signature, ...] = ()
    missing: tuple[Missing, ...] = ()
    decision: Signature | None = None
    until: datetime | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Question:
    """What a person is asked. ``body`` is Markdown, as stored in the ledger under ``digest``."""

    title: str
    body: str
    digest: Digest
    assignees: tuple[str, ...]
    expires: datetime
    options: tuple[Answer, ...] = tuple(Answer)


@dataclass(frozen=True)
class Settled:
    """Nothing is to be asked any more; ``standing`` says how it ended."""

    standing: Standing
