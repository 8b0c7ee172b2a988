"""Who may open a stage, and what a new round takes back first. Each refusal by the history that causes it."""

from dataclasses import replace

import pytest

from golive.ledger.events import NewEvent
from golive.stages.catalogue import WHOLE
from golive.stages.errors import AlreadyLive, AnotherRunLives, GroundMissing, Quarantined, Returned, RunEnded
from golive.stages.opening import Opening, outdated_effects
from golive.stages.runtime import Runtime
from tests.domain.stages.history import Record, begun, planned, run

OTHER = f"sha256:{'9' * 64}"


def opening(record: Record, stage: str = "environment", run_id: str = "r1", lives: bool = True) -> list[NewEvent]:
    """What a run's opening would write."""
    runtime = Runtime(None, run(stage, run_id), {}.__getitem__, lives=lambda s, r: lives)  # type: ignore[arg-type]
    return list(Opening(runtime, record.subject, record.plan).decide(tuple(record.events), record.now))


def test_the_first_run_opens_the_first_attempt() -> None:
    """Bound to the submission, the plan and everybody who may not approve it."""
    (event,) = opening(planned(Record()))
    assert event.actor == "lee.operator"
    assert event.data["attempt"] == 1
    assert event.data["requesters"] == ["lee.operator", "kim.release"]


def test_asked_again_it_is_open() -> None:
    """The same run finds its stage as it left it, also when Airflow does not say that it lives."""
    record = planned(Record())
    record.open()
    assert opening(record) == opening(record, lives=False) == []


def test_a_run_that_lives_is_not_overtaken_and_one_that_ended_is() -> None:
    """The same release triggered twice is one run; after a crash the next one goes on as a new attempt."""
    record = planned(Record())
    record.open()
    with pytest.raises(AnotherRunLives):
        opening(record, run_id="r2")
    (event,) = opening(record, run_id="r2", lives=False)
    assert event.data["attempt"] == 2


def test_what_is_closed_for_this_plan_is_finished_for_everybody() -> None:
    record = planned(Record())
    record.open()
    record.end("environment", "closed")
    assert opening(record, run_id="r2") == []


def test_what_a_rollback_has_begun_to_take_back_is_not_finished() -> None:
    """Not for its own stage, which is opened anew by another run, and not as ground of a later one."""
    record = planned(Record())
    record.open()
    record.end("environment", "closed")
    record.add("rollback.began", environment="production", stages=["environment"], run_id="r1")
    (event,) = opening(record, run_id="r2")
    assert event.data["attempt"] == 2
    with pytest.raises(RunEnded):
        opening(record)
    with pytest.raises(GroundMissing):
        opening(record, "install", "r2")


@pytest.mark.parametrize("end", ["returned", "stopped", "rolled_back"])
def test_a_run_that_ended_stays_ended(end: str) -> None:
    """A cleared task does not begin it again; another run does, but not of a round that was returned."""
    record = planned(Record())
    record.open()
    record.end("environment", end)
    with pytest.raises(RunEnded):
        opening(record)
    if end == "returned":
        with pytest.raises(Returned):
            opening(record, run_id="r2")
    else:
        assert len(opening(record, run_id="r2")) == 1


def test_drift_under_an_open_stage_is_a_new_attempt() -> None:
    record = planned(Record())
    record.open(plan=OTHER)
    (event,) = opening(record)
    assert event.data["attempt"] == 2


@pytest.mark.parametrize("state", ["open", "rolled_back", "closed for another plan"])
def test_an_earlier_stage_must_be_closed_for_this_plan(state: str) -> None:
    """A later stage triggered directly names what is missing."""
    record = planned(Record())
    record.open(plan=OTHER if "plan" in state else record.plan.digest)
    if state != "open":
        record.end("environment", "closed" if "plan" in state else state)
    with pytest.raises(GroundMissing, match="environment"):
        opening(record, "install")


@pytest.mark.parametrize("stage", ["environment", WHOLE])
def test_what_serves_is_not_changed_by_running_it_again(stage: str) -> None:
    """A live release whose plan has changed since is refused; one whose plan is the same has nothing to do."""
    record = planned(Record())
    for name in ("environment", "install", "cutover"):
        record.open(name)
        record.end(name, "closed")
    assert opening(record, "environment", "r2") == []
    record.plan = replace(record.plan, environment_digest=OTHER)
    with pytest.raises(AlreadyLive):
        opening(record, stage, "r2")


def test_what_is_quarantined_is_rolled_back_first() -> None:
    """No stage of the environment is opened over it; the rollback is."""
    record = planned(Record())
    record.open()
    record.end("environment", "quarantined")
    for stage in ("environment", WHOLE):
        with pytest.raises(Quarantined):
            opening(record, stage, "r2")
    assert len(opening(record, "rollback", "r2")) == 1


def test_a_rollback_is_an_attempt_of_its_own_each_time() -> None:
    record = planned(Record())
    record.open("rollback")
    record.end("rollback", "closed")
    (event,) = opening(record, "rollback", "r2")
    assert event.data["attempt"] == 2


def test_nothing_is_outdated_while_the_plan_is_the_same() -> None:
    record = begun(Record())
    record.done("directories", "runtime")
    assert outdated_effects(record.events, record.plan) == ()


def test_what_the_plan_does_differently_goes_with_all_that_stands_on_it() -> None:
    """Newest first, on that target; the same steps elsewhere stay."""
    record = begun(Record())
    record.done("directories", "runtime", "services")
    steps = tuple(
        replace(step, inputs="new") if step.key == "environment.runtime/host:app2/api" else step
        for step in record.plan.steps
    )
    found = outdated_effects(record.events, replace(record.plan, steps=steps))
    assert [effect.key for effect in found] == [f"environment.{name}/host:app2/api" for name in ("services", "runtime")]


def test_what_the_plan_does_not_do_any_more_goes() -> None:
    record = begun(Record())
    record.done("directories")
    found = outdated_effects(record.events, replace(record.plan, steps=()))
    assert len(found) == 3


def test_what_is_half_taken_back_is_taken_back_to_the_end() -> None:
    """Also when the plan is the same: neither there nor gone is no ground."""
    record = begun(Record())
    record.done("directories", "runtime")
    record.undo("runtime", "failed")
    assert {effect.step for effect in outdated_effects(record.events, record.plan)} == {"runtime"}
    record.undo("directories", None)
    assert {effect.step for effect in outdated_effects(record.events, record.plan)} == {"runtime", "directories"}
