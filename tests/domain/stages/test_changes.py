"""Change requests are approved by signatures for exactly this manifest, and production asks for them."""

from dataclasses import replace

import pytest

from golive.approvals.decisions import decide_answer, decide_ask
from golive.approvals.standing import Vote
from golive.release.people import PLAN, SIDES
from golive.stages.admission import gate_of, require_signed
from golive.stages.changes import SignedChange, signed_changes
from golive.stages.closing import require_changes_signed
from golive.stages.errors import ChangesUnsigned, PromotionRefused
from golive.stages.promotion import artifacts_of, promotion_problems
from golive.stages.standing import fold_stages
from tests.domain.release.example import manifest
from tests.domain.stages.history import MANIFEST, TREE, Record, planned, run, subject

OTHER = f"sha256:{'9' * 64}"
BOTH = ("roles: [infrastructure, change_technical]", "roles: [infrastructure, change_technical, change_business]")
"""park.infra may sign on both sides."""


def signed(record: Record, digest: str = MANIFEST) -> tuple[SignedChange, ...]:
    return signed_changes(record.events, record.subject.manifest, digest, "production")


def problems(record: Record, environment: str = "production", digest: str = MANIFEST) -> tuple[str, ...]:
    return promotion_problems(record.events, record.subject.manifest, digest, environment, "en")


def promoted() -> Record:
    """Live in test; its plan in production is open, looked at, and not signed."""
    record = Record()
    artifacts = artifacts_of(record.subject.manifest)
    record.add("release.live", environment="test", plan=record.plan.digest, artifacts=artifacts)
    record.open(PLAN)
    return record


def answer(record: Record, kind: str, person: str) -> None:
    gate, line = gate_of(fold_stages(record.events)[("production", PLAN)], record.subject.manifest, run(PLAN))
    step = line.step(kind)
    assert step is not None
    excluded = ("lee.operator", "kim.release")
    record.append(decide_ask(gate, line, excluded, step.kind, TREE, "Gate"))
    record.append(decide_answer(gate, line, excluded, Vote(kind, person, "approve", ""), "test"))


def test_the_signatures_of_the_plan_approve_every_change() -> None:
    """Each side by the person or the role that the manifest names; nothing in the manifest says that it was done."""
    record = promoted()
    assert [item.missing for item in signed(record)] == [SIDES, SIDES]
    answer(record, "agree", "park.infra")
    assert [item.missing for item in signed(record)] == [("business",), ("business",)]
    answer(record, "decide", "jung.owner")
    assert [(item.technical.person, item.business.person) for item in signed(record)] == [  # type: ignore[union-attr]
        ("park.infra", "jung.owner"),
        ("park.infra", "jung.owner"),
    ]


def test_signatures_are_for_exactly_one_manifest() -> None:
    """Dropping a change request is another digest: what was signed before says nothing for it."""
    record = planned(promoted())
    assert all(not item.missing for item in signed(record))
    assert [item.missing for item in signed(record, OTHER)] == [SIDES, SIDES]
    assert problems(record) == ()
    assert "run the stage plan" in problems(record, digest=OTHER)[0]


def test_a_signature_of_an_attempt_that_ended_does_not_count() -> None:
    record = planned(promoted())
    record.end(PLAN, "rolled_back")
    assert "run the stage plan" in problems(record)[0]
    record.open(PLAN, "r3")
    assert [item.missing for item in signed(record)] == [SIDES, SIDES]


def test_one_person_never_signs_for_both_sides() -> None:
    """Who may sign on either side counts once; two people are asked for."""
    record = promoted()
    record.subject = subject(BOTH, ("role: change_business, quorum: 1, within_hours: 24}\n\n", QUORUM))
    answer(record, "agree", "park.infra")
    answer(record, "decide", "park.infra")
    first = signed(record)[0]
    assert first.technical is not None
    assert first.missing == ("business",)
    with pytest.raises(ChangesUnsigned, match=r"jung\.owner"):
        require_changes_signed(record.events, record.subject)
    answer(record, "decide", "jung.owner")
    assert signed(record)[0].missing == ()
    require_changes_signed(record.events, record.subject)


QUORUM = "role: change_business, quorum: 2, within_hours: 24}\n\n"


def test_production_waits_for_the_plan_and_the_environments_before_it_do_not() -> None:
    record = promoted()
    assert "run the stage plan" in problems(record)[0]
    assert problems(record, "test") == ()
    planned(record)
    assert problems(record) == ()


def test_a_release_without_change_requests_has_nothing_to_be_signed() -> None:
    """Its plan needs no line and is closed without a signature."""
    record = promoted()
    bare = record.subject.manifest.model_copy(update={"changes": (), "approvals": ()})
    record.subject = replace(record.subject, manifest=bare)
    standing = fold_stages(record.events)[("production", PLAN)]
    require_signed(record.events, standing, bare, run(PLAN))
    record.end(PLAN, "closed")
    assert problems(record) == ()


def test_what_was_not_signed_is_not_installed() -> None:
    """Asked at every effect of install, whatever the plan's run looks like."""
    record = promoted()
    record.end(PLAN, "closed")
    record.open("install")
    record.fact("verify", stage="install")
    record.sign("install")
    with pytest.raises(PromotionRefused, match="CSR-2026-0117"):
        record.intend("upload", "install")


def test_the_example_names_a_person_and_a_role() -> None:
    first, second = manifest().changes
    assert (first.signer("business"), second.signer("business")) == ("change_business", "jung.owner")
