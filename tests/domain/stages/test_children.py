"""Which run of a stage belongs to a run of the whole release, by the ledger."""

from types import SimpleNamespace

import pytest

from golive.stages.api import is_child, require_begun
from golive.stages.catalogue import WHOLE
from golive.stages.errors import RunEnded, StageNotOpen
from golive.stages.runtime import Runtime
from tests.domain.stages.history import Record, run

BEGAN = {"environment": "production", "stages": ["environment", "install", WHOLE], "run_id": "parent"}


def runtime(record: Record, stage: str = "environment", run_id: str = "parent") -> Runtime:
    """A run of the release that asks about ``stage``."""
    ledger = SimpleNamespace(read=lambda stream: tuple(record.events))
    return Runtime(ledger, run(stage, run_id), {}.__getitem__)  # type: ignore[arg-type]


def test_a_child_is_the_run_that_opened_the_stage_for_this_parent() -> None:
    """Nothing else: not one that has not opened it, one that was overtaken, nor another parent's."""
    record = Record()
    assert not is_child(runtime(record), "child.1")
    record.open(run_id="child.1", parent_run_id="parent")
    assert is_child(runtime(record), "child.1")
    assert not is_child(runtime(record, run_id="another"), "child.1")
    record.open(run_id="child.2", parent_run_id="parent")
    assert not is_child(runtime(record), "child.1")
    assert is_child(runtime(record), "child.2")


@pytest.mark.parametrize("end", [None, "closed", "rolled_back"])
def test_a_child_that_is_taken_back_is_nobodys(end: str | None) -> None:
    """From the beginning of the rollback on, however far it is; what is opened afterwards is a child again."""
    record = Record()
    record.open(run_id="child.1", parent_run_id="parent")
    if end is not None:
        record.end("environment", end)
    record.add("rollback.began", **BEGAN)
    assert not is_child(runtime(record), "child.1")
    record.open(run_id="child.2", parent_run_id="parent")
    assert is_child(runtime(record), "child.2")


def test_a_release_that_has_ended_begins_nothing() -> None:
    """Its cleared task is refused, from the beginning of its rollback on."""
    record = Record()
    here = runtime(record, WHOLE)
    with pytest.raises(StageNotOpen):
        require_begun(here)
    record.open(WHOLE, run_id="parent")
    require_begun(here)
    record.add("rollback.began", **BEGAN)
    with pytest.raises(RunEnded):
        require_begun(here)
    record.end(WHOLE, "rolled_back")
    with pytest.raises(StageNotOpen):
        require_begun(here)


def test_a_release_that_stands_may_be_gone_through_again() -> None:
    """By any run: there is nothing left to do, until a rollback begins to take it back."""
    record = Record()
    record.open(WHOLE, run_id="another")
    record.end(WHOLE, "closed")
    require_begun(runtime(record, WHOLE))
    record.add("rollback.began", **BEGAN)
    with pytest.raises(StageNotOpen):
        require_begun(runtime(record, WHOLE))
