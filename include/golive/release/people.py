"""Who takes part, who signs, and the changes that a release brings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from golive.release.base import Model
from golive.release.shapes import ChangeId, Count, Email, Hours, Identifier, Name, Names, Revision, SomeNames, Text

Stage = Literal["environment", "install", "migration", "training", "integration", "cutover", "stabilization", "review"]
EFFECT_STAGES: tuple[Stage, ...] = ("environment", "install", "cutover")
"""The stages that change something outside: each needs an approval line in each environment of the path."""

Kind = Literal["review", "agree", "decide"]
KINDS: tuple[Kind, ...] = ("review", "agree", "decide")
"""검토, 합의, 승인: a line asks in this order and always ends with a decision."""

CHANGE_TECHNICAL = "change_technical"
CHANGE_BUSINESS = "change_business"


class Person(Model):
    """Somebody who takes part; a role belongs to a person, and the person to a party."""

    name: Text
    party: Name
    roles: Names
    email: Email | None = None


class ChangeApproval(Model):
    """Who approved a change request; None where nobody has yet."""

    technical: Identifier | None = None
    business: Identifier | None = None


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

    @property
    def approved(self) -> bool:
        """Whether both the technical and the business side approved it."""
        return self.approval.technical is not None and self.approval.business is not None


class ApprovalStep(Model):
    """One question of a line: ``quorum`` people with ``role`` answer it within ``within_hours``."""

    kind: Kind
    role: Name
    quorum: Count
    within_hours: Hours


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
