"""The hypercare run: what its tasks do with what the ledger says, without a scheduler."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.task.trigger_rule import TriggerRule

from golive.stages import stabilization
from golive_airflow import stabilization as edge


class Ti:
    """A task instance whose upstream gave ``due``."""

    def __init__(self, due: list[str] | None) -> None:
        self.due = due

    def xcom_pull(self, *, task_ids: str) -> list[str] | None:
        assert task_ids == "due"
        return self.due


def context(release: str | None = None, due: list[str] | None = None) -> dict[str, Any]:
    run = SimpleNamespace(dag_id="stabilization", run_id="r1", triggering_user_name=None, conf={})
    return {"params": {"release": release}, "ti": Ti(due), "dag_run": run}


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two releases are in hypercare; where the ledger is does not matter here."""
    for module in ("stabilization", "context"):
        monkeypatch.setattr(f"golive_airflow.{module}.open_ledger", lambda: None)
    monkeypatch.setattr(stabilization, "due", lambda _ledger: ("one-1.0", "two-1.0"))


@pytest.mark.usefixtures("ledger")
def test_all_releases_are_due_or_the_one_that_is_named() -> None:
    """A name that is not in hypercare skips the rest, as when none is."""
    due = edge.DueReleases()
    assert due.execute(context()) == ["one-1.0", "two-1.0"]
    assert due.execute(context("two-1.0")) == ["two-1.0"]
    with pytest.raises(AirflowSkipException):
        due.execute(context("three-1.0"))


@pytest.mark.usefixtures("ledger")
def test_a_failed_look_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each release is looked at; the task is red if one of them could not be."""
    seen: list[str] = []
    monkeypatch.setattr(stabilization, "sample", _failing_for("one-1.0", seen))
    with pytest.raises(ExceptionGroup) as caught:
        edge.Look().execute(context(due=["one-1.0", "two-1.0"]))
    assert seen == ["one-1.0", "two-1.0"]
    assert [str(error) for error in caught.value.exceptions] == ["cannot be looked at"]


@pytest.mark.usefixtures("ledger")
def test_what_follows_is_recorded_and_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each release: what its record calls for, then its messages."""
    done: list[str] = []
    monkeypatch.setattr(stabilization, "tick", _failing_for("", done))
    monkeypatch.setattr(edge, "deliver", lambda runtime: done.append(f"sent {runtime.run.release}"))
    edge.Follow().execute(context(due=["one-1.0", "two-1.0"]))
    assert done == ["one-1.0", "sent one-1.0", "two-1.0", "sent two-1.0"]


@pytest.mark.usefixtures("ledger")
def test_without_an_answer_nothing_is_assumed() -> None:
    """When it is not known which releases are due, the task fails and says so; it does not pass as done."""
    with pytest.raises(AirflowFailException, match="안정화"):
        edge.Follow().execute(context(due=None))


def test_a_failed_look_is_followed_and_nothing_is_when_none_is_due() -> None:
    """That nobody could look has consequences of its own, so the last task waits for the look, not for its success."""
    assert edge.Follow().trigger_rule == edge.Look().trigger_rule == TriggerRule.NONE_SKIPPED


def _failing_for(bad: str, seen: list[str]) -> Callable[[Any], tuple[()]]:
    def act(runtime: Any) -> tuple[()]:
        seen.append(runtime.run.release)
        if runtime.run.release == bad:
            raise RuntimeError("cannot be looked at")
        return ()

    return act
