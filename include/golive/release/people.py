"""Who takes part, who signs, and the changes that a release brings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from golive.release.base import Model
from golive.release.shapes import (
    ChangeId,
    Count,
    Email,
    Hours,
    Identifier,
    Name,
    Names,
    Phone,
    Revision,
    SomeNames,
    Text,
)

Stage = Literal[
    "plan", "environment", "install", "migration", "training", "integration", "cutover", "stabilization", "review"
]
PLAN: Stage = "plan"
"""The stage whose signatures approve the change requests, in the last environment of the path."""

MIGRATION: Stage = "migration"
"""The stage that changes databases, where a release does."""

EFFECT_STAGES: tuple[Stage, ...] = ("environment", "install", "cutover")
"""The stages that change something outside: each needs an approval line in each environment of the path."""

Kind = Literal["review", "agree", "decide"]
KINDS: tuple[Kind, ...] = ("review", "agree", "decide")
"""검토, 합의, 승인: a line asks in this order and always ends with a decision."""

Side = Literal["technical", "business"]
SIDES: tuple[Side, ...] = ("technical", "business")
"""A change request is approved by two people, one for each side."""


class Person(Model):
    """Somebody who takes part; a role belongs to a person, and the person to a party."""

    name: Text
    party: Name
    roles: Names
    email: Email | None = None
    phone: Phone | None = None


class ChangeApproval(Model):
    """Who must sign a change request, for each side: the id of a person, else a role whoever holds it.

    That they did sign is never written here: it is in the ledger, as signatures of the plan's gate.
    """

    technical: Identifier = "change_technical"
    business: Identifier = "change_business"


class Change(Model):
    """A change request (CSR)."""

    id: ChangeId
    title: Text
    requester: Identifier
    owner: Identifier
    effort_hours: Annotated[int, Field(ge=0, le=1_000_000)]
    source_revisions: Annotated[tuple[Revision, ...], Field(min_length=1)]
    test_report: Text
    risk: Literal["low", "medium", "high"]
    services: Names
    metadata: tuple[Text, ...] = ()
    approval: ChangeApproval = ChangeApproval()

    def signer(self, side: Side) -> str:
        """Who must sign for a side, as the manifest names it."""
        return self.approval.technical if side == "technical" else self.approval.business


class ApprovalStep(Model):
    """One question of a line: ``quorum`` people with ``role`` answer it within ``within_hours``.

    ``valid_hours`` is how long effects may rely on the finished line; the shortest of its steps counts.
    """

    kind: Kind
    role: Name
    quorum: Count
    within_hours: Hours
    valid_hours: Hours = 24


def _in_order(steps: tuple[ApprovalStep, ...]) -> tuple[ApprovalStep, ...]:
    ranks = [KINDS.index(step.kind) for step in steps]
    if ranks != sorted(set(ranks)):
        raise PydanticCustomError("line_order", "a line asks review, agree, decide, each at most once")
    if steps[-1].kind != "decide":
        raise PydanticCustomError("line_without_decision", "a line ends with decide")
    return steps


class ApprovalLine(Model):
    """결재선: who is asked before a stage of an environment changes anything."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    environments: SomeNames
    steps: Annotated[tuple[ApprovalStep, ...], Field(min_length=1), AfterValidator(_in_order)]
