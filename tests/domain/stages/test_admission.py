"""May these effects happen now? Each refusal by the history that causes it."""

from dataclasses import replace

import pytest

from golive.approvals.errors import ApprovalExpired, GateReturned, GateStopped, NotApproved
from golive.stages.admission import cancelled, require_open, require_signed
from golive.stages.effects import State
from golive.stages.errors import (
    GroundMissing,
    HalfUndone,
    NoApprovalLine,
    OutsideWindow,
    PromotionRefused,
    ProofMissing,
    RunEnded,
    StageNotOpen,
)
from golive.stages.standing import fold_stages
from tests.domain.stages.history import MANIFEST, Record, begun, run, subject

HOSTS = ("app1", "app2", "app3")


def test_an_approved_step_with_its_ground_is_intended_on_every_target() -> None:
    """One intent for each host, with what binds it: manifest, inventory, inputs, attempt, token, run."""
    record = begun(Record())
    record.intend("directories")
    intents = [event.data for event in record.events if event.kind == "effect.intended"]
    assert [data["target"] for data in intents] == [f"host:{name}" for name in HOSTS]
    assert {(d["generation"], d["attempt"], d["token"], d["run_id"]) for d in intents} == {(1, 1, 7, "r1")}
    assert [data["inputs"] for data in intents] == [
        step.inputs for step in record.plan.of("environment", "directories")
    ]
    assert {data["manifest"] for data in intents} == {MANIFEST}


def test_asked_again_nothing_new_is_intended() -> None:
    """A retry attaches to what is open, unknown or in force."""
    record = begun(Record())
    assert len(record.intend("directories")) == 3
    assert record.intend("directories") == []
    record.record("directories", "unknown")
    assert record.intend("directories") == []
    record.record("directories")
    assert record.intend("directories") == []


@pytest.mark.parametrize("how", ["failed", "undone"])
def test_what_failed_or_was_taken_back_is_a_new_generation(how: str) -> None:
    """A legitimate second attempt has an operation of its own."""
    record = begun(Record())
    first = record.intend("directories")
    record.record("directories", "failed" if how == "failed" else "in_force")
    if how == "undone":
        record.undo("directories")
    second = record.intend("directories")
    assert len(second) == 3
    assert not set(first) & set(second)
    assert {effect.generation for effect in record.effects.values()} == {2}


def test_without_a_stage_nothing_happens() -> None:
    """Never opened, opened by another run, or ended in whatever way: the step is not this run's to do."""
    record = Record()
    with pytest.raises(StageNotOpen):
        record.intend("directories")
    begun(record)
    with pytest.raises(StageNotOpen):
        record.intend("directories", run_id="r2")
    for end in ("closed", "returned", "stopped", "rolled_back", "quarantined"):
        again = begun(Record())
        again.end("environment", end)
        with pytest.raises(StageNotOpen):
            again.intend("directories")


def test_a_plan_that_is_not_the_one_that_was_opened_is_refused() -> None:
    """Another submission under an open stage closes it to every step."""
    record = Record()
    record.open(plan=f"sha256:{'9' * 64}")
    record.fact("facts")
    with pytest.raises(StageNotOpen):
        record.intend("directories")


def test_after_a_rollback_began_its_stages_are_closed_to_everybody() -> None:
    """Until the stage is opened again; a rollback of another stage or environment does not matter."""
    record = begun(Record())
    record.add("rollback.began", environment="production", scope="cutover", stages=["cutover"], run_id="x")
    record.add("rollback.began", environment="test", scope="release", stages=["environment"], run_id="x")
    record.intend("directories")
    record.add("rollback.began", environment="production", scope="environment", stages=["environment"], run_id="r1")
    with pytest.raises(RunEnded):
        record.intend("runtime")
    assert cancelled(record.events, run())
    record.open("install", "r1")
    assert cancelled(record.events, run())
    record.open("environment", "r1")
    assert not cancelled(record.events, run())
    assert require_open(record.events, run()).attempt == 2


def test_without_votes_nothing_happens() -> None:
    """Not asked, or asked and not answered: a green gate task is no approval."""
    record = Record()
    record.open()
    record.fact("facts")
    with pytest.raises(NotApproved):
        record.intend("directories")


@pytest.mark.parametrize(("word", "error"), [("return", GateReturned), ("stop", GateStopped)])
def test_a_return_or_a_stop_ends_it(word: str, error: type[Exception]) -> None:
    """Neither opens the gate, whoever had signed before."""
    record = Record()
    record.open()
    record.fact("facts")
    record.sign(word=word)
    with pytest.raises(error):
        record.intend("directories")


def test_an_approval_lapses() -> None:
    """What was signed yesterday does not allow an effect today."""
    record = begun(Record())
    record.intend("directories")
    record.wait(25)
    with pytest.raises(ApprovalExpired):
        record.intend("runtime")


def test_a_signature_for_another_attempt_does_not_count() -> None:
    """A new attempt asks again."""
    record = begun(Record())
    record.end("environment", "rolled_back")
    record.open(run_id="r2")
    record.fact("facts")
    with pytest.raises(NotApproved):
        record.intend("directories", run_id="r2")


def test_a_stage_without_a_line_changes_nothing() -> None:
    """Nobody to ask is nobody who said yes."""
    record = begun(Record())
    manifest = record.subject.manifest.model_copy(update={"approvals": ()})
    record.subject = replace(record.subject, manifest=manifest)
    with pytest.raises(NoApprovalLine):
        record.intend("directories")


def test_what_comes_before_must_be_in_force() -> None:
    """Missing, failed, taken back or made from other inputs: the next step does not stand on it."""
    record = begun(Record())
    with pytest.raises(GroundMissing):
        record.intend("runtime")
    record.done("directories")
    record.intend("runtime")
    record.undo("directories")
    with pytest.raises(GroundMissing):
        record.intend("services")


def test_one_host_that_lacks_the_ground_stops_all() -> None:
    """Half a fleet is no ground."""
    record = begun(Record())
    record.intend("directories")
    for effect in list(record.effects.values())[:2]:
        record.add("effect.recorded", environment="production", operation=effect.operation, outcome="in_force")
    with pytest.raises(GroundMissing, match="app3"):
        record.intend("runtime")


def test_what_was_made_from_other_inputs_is_no_ground() -> None:
    """A changed component is done again, not taken for done."""
    record = begun(Record())
    record.done("directories")
    place = record.events.index(next(e for e in record.events if e.kind == "effect.intended"))
    record.events[place].data["inputs"] = "other"
    with pytest.raises(GroundMissing):
        record.intend("runtime")
    with pytest.raises(GroundMissing):
        record.intend("directories")


@pytest.mark.parametrize("outcome", [None, "failed", "unknown"])
def test_nothing_is_begun_on_top_of_what_is_half_taken_back(outcome: str | None) -> None:
    """An effect whose compensation has begun and not succeeded is neither there nor gone."""
    record = begun(Record())
    record.done("directories")
    record.undo("directories", outcome)
    with pytest.raises(HalfUndone):
        record.intend("directories")


def test_checks_of_the_stage_must_have_passed() -> None:
    """A check that failed, or was never made in this attempt, stops what comes after it."""
    record = Record()
    record.open()
    record.fact("facts", "fail")
    record.sign()
    with pytest.raises(ProofMissing):
        record.intend("directories")
    record.fact("facts", "pass")
    record.intend("directories")


def test_outside_its_window_a_stage_waits() -> None:
    """The manifest's window, in the environment's time zone, by the database's clock."""
    named = 'opens: "2026-01-01T00:00:00", closes: "2027-12-31T23:59:00"'
    window = (named, 'opens: "2026-03-02T22:00:00", closes: "2026-03-03T02:00:00"')
    record = Record(subject(window))
    record.promote()
    for stage in ("environment", "install", "migration"):
        _whole(record, stage)
    record.open("cutover")
    record.fact("readiness", stage="cutover")
    record.sign("cutover")
    with pytest.raises(OutsideWindow) as refused:
        record.intend("drain", "cutover")
    assert refused.value.data["opens"] == "2026-03-02T22:00+09:00"
    record.wait(4.1)
    assert len(record.intend("drain", "cutover")) == 1


def test_what_was_taken_back_in_the_environment_before_is_not_installed_any_more() -> None:
    """Promotion is asked at each effect, not only before the gate."""
    record = Record()
    record.promote()
    _whole(record, "environment")
    record.open("install")
    record.fact("verify", stage="install")
    record.sign("install")
    record.add("release.rolled_back", environment="test", reason="")
    with pytest.raises(PromotionRefused, match="test"):
        record.intend("upload", "install")


def test_a_stage_is_not_closed_by_signatures_of_an_earlier_attempt() -> None:
    """What an earlier round left in force asks no gate, so the close does: the whole line, for this attempt."""
    record = begun(Record())
    standing = fold_stages(record.events)[("production", "environment")]
    require_signed(record.events, standing, record.subject.manifest, run())
    record.end("environment", "rolled_back")
    record.open(run_id="r2")
    standing = fold_stages(record.events)[("production", "environment")]
    with pytest.raises(NotApproved):
        require_signed(record.events, standing, record.subject.manifest, run(run_id="r2"))
    record.sign()
    record.wait(48)
    record.fact("facts")
    require_signed(record.events, standing, record.subject.manifest, run(run_id="r2"))


def _whole(record: Record, stage: str) -> None:
    """A stage with all its steps done and closed."""
    record.open(stage)
    for step in dict.fromkeys(item.step for item in record.plan.of(stage) if not item.effect):
        record.fact(step, stage=stage)
    record.sign(stage)
    for step in dict.fromkeys(item.step for item in record.plan.of(stage) if item.effect):
        record.done(step, stage=stage)
    record.end(stage, "closed")


def test_a_later_stage_stands_on_all_earlier_ones() -> None:
    """Whatever was taken back in an earlier stage is missed by the step that is to come."""
    record = Record()
    record.promote()
    _whole(record, "environment")
    record.open("install")
    record.fact("verify", stage="install")
    record.sign("install")
    record.intend("upload", "install")
    record.undo("services")
    with pytest.raises(GroundMissing, match=r"environment\.services"):
        record.intend("upload", "install")
    assert record.effects["environment.services/host:app1/api"].state is State.UNDONE
