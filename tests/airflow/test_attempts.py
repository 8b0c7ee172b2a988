"""Which run a stage's task attaches to, and when a task counts as tried again."""

from types import SimpleNamespace
from typing import Any

import pytest

from golive_airflow.approval import GLANCE
from golive_airflow.runs import is_retry
from golive_airflow.trigger import Attempt, choose, latest_attempt


@pytest.mark.parametrize(
    ("state", "closed", "chosen"),
    [
        (None, False, 3),
        ("queued", False, 3),
        ("running", False, 3),
        ("success", True, 3),
        ("success", False, 4),
        ("failed", False, 4),
        ("failed", True, 4),
    ],
)
def test_a_live_or_standing_run_is_attached_to(state: str | None, closed: bool, chosen: int) -> None:
    """A red run, or a green one whose stage does not stand any more, gives the next attempt."""
    assert choose(Attempt(3, state), closed) == chosen


@pytest.mark.parametrize(
    ("states", "latest"),
    [
        ([], Attempt(1, None)),
        (["failed"], Attempt(1, "failed")),
        (["failed", "failed", "running"], Attempt(3, "running")),
    ],
)
def test_the_newest_attempt_is_found(states: list[str], latest: Attempt) -> None:
    """Attempts count from one without gaps."""
    found = latest_attempt(lambda number: states[number - 1] if number <= len(states) else None)
    assert found == latest


@pytest.mark.parametrize(
    ("try_number", "max_tries", "again"),
    [(1, 3, False), (2, 3, True), (4, 3, True), (5, 7, False), (6, 7, True)],
)
def test_a_cleared_task_is_not_a_retried_one(try_number: int, max_tries: int, again: bool) -> None:
    """A clear raises the number of tries allowed; the first try after it is a new beginning."""
    assert is_retry(instance(try_number, max_tries, retries=3)) is again


def test_a_gate_that_is_tried_again_first_takes_the_answer_it_missed(bag: Any) -> None:
    """It parks for a moment without asking anew, which would wipe out an answer that is already there."""
    from airflow.sdk.exceptions import TaskAwaitingInput

    gate = bag.dags["install"].get_task("gate.decide")
    with pytest.raises(TaskAwaitingInput) as parked:
        gate.execute({"ti": instance(2, 5, retries=5)})
    assert parked.value.timeout.total_seconds() == GLANCE
    assert parked.value.kwargs == {"shown": False}


def instance(try_number: int, max_tries: int, *, retries: int) -> Any:
    return SimpleNamespace(try_number=try_number, max_tries=max_tries, task=SimpleNamespace(retries=retries))
