"""Rules that every DAG of the project keeps."""

from itertools import takewhile
from typing import Any

import pytest

from golive.stages.catalogue import STAGES
from golive_airflow.approval import ApprovalSensor
from golive_airflow.retries import FINAL, PATIENCE
from golive_airflow.stage import OpenStage, Rollback, Step, Verdict
from golive_airflow.trigger import RunStage

WITH_EFFECTS = [stage.name for stage in STAGES.values() if stage.guarded]
WITH_TEARDOWN = [*STAGES, "release"]


def test_every_dag_has_an_owner_a_tag_and_a_runbook_in_both_languages(bag: Any) -> None:
    """Whoever opens a DAG finds out in Korean and in English what it does."""
    for dag in bag.dags.values():
        assert dag.tags == {"golive"}
        assert {task.owner for task in dag.tasks} == {"golive"}
        assert _bilingual(dag.doc_md)
        assert _bilingual(dag.dag_display_name)


def test_every_task_tells_in_both_languages_what_it_does(bag: Any) -> None:
    """No task is without its explanation."""
    for dag in bag.dags.values():
        assert [task.task_id for task in dag.tasks if not _bilingual(task.doc_md)] == []


def test_nothing_runs_by_itself_but_what_looks(bag: Any) -> None:
    """Stages are started by people; nothing is caught up, and no run has a time-out that skips its teardown."""
    for name, dag in bag.dags.items():
        assert bool(dag.schedule) == (name in ("nightly_health", "stabilization"))
        assert not dag.catchup
        assert dag.dagrun_timeout is None


@pytest.mark.parametrize("stage", WITH_EFFECTS)
def test_a_gate_stands_before_the_first_effect(bag: Any, stage: str) -> None:
    """Everything before the gate only looks; every effect is behind all three steps of the line."""
    tasks = bag.dags[stage].topological_sort()
    before = [task.task_id for task in takewhile(lambda task: not isinstance(task, ApprovalSensor), tasks)]
    effects = [step.name for step in STAGES[stage].steps if step.effect]
    assert effects
    assert not set(before) & set(effects)
    for effect in effects:
        assert bag.dags[stage].get_task(effect).get_flat_relative_ids(upstream=True) >= {
            "gate.review",
            "gate.agree",
            "gate.decide",
        }


def test_the_plan_is_signed_when_all_of_it_was_looked_at(bag: Any) -> None:
    """It changes nothing, so its gate stands before its close, behind all that it looks at."""
    dag = bag.dags["plan"]
    assert dag.get_task("gate.review").upstream_task_ids == {STAGES["plan"].steps[-1].name}
    assert dag.get_task("close").upstream_task_ids == {"gate.decide"}


@pytest.mark.parametrize("stage", WITH_TEARDOWN)
def test_rollback_is_the_teardown_of_open(bag: Any, stage: str) -> None:
    """Once opened, a stage's rollback runs whatever happens, and its own failure is not hidden by the colour."""
    dag = bag.dags[stage]
    opened, rollback = dag.get_task("open"), dag.get_task("rollback")
    assert isinstance(opened, OpenStage)
    assert isinstance(rollback, Rollback)
    assert opened.is_setup
    assert rollback.is_teardown
    assert "open" in rollback.upstream_task_ids


@pytest.mark.parametrize("stage", [*WITH_TEARDOWN, "rollback"])
def test_the_verdict_decides_the_colour(bag: Any, stage: str) -> None:
    """The last task is a teardown without a setup, so nothing skips it, and its failure fails the run."""
    dag = bag.dags[stage]
    verdict = dag.get_task("verdict")
    assert isinstance(verdict, Verdict)
    assert verdict.is_teardown
    assert verdict.on_failure_fail_dagrun
    assert verdict.downstream_task_ids == set()
    assert not any(dag.get_task(name).is_setup for name in verdict.upstream_task_ids)


def test_no_field_of_a_task_is_a_template(bag: Any) -> None:
    """No string of a manifest or a form is ever rendered."""
    for dag in bag.dags.values():
        assert [task.task_id for task in dag.tasks if task.template_fields] == []


def test_every_task_has_patience_with_limits(bag: Any) -> None:
    """Retries, a pause between them and a time-out for each try; a refusal is never tried again."""
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.retries in {row.tries - 1 for row in PATIENCE.values()}
            assert task.retry_delay.total_seconds() > 0
            assert task.execution_timeout is not None
            assert task.retry_policy.rules[0].exception == list(FINAL)


def test_a_gate_never_defaults(bag: Any) -> None:
    """No option is taken when nobody answers."""
    gates = [task for dag in bag.dags.values() for task in dag.tasks if isinstance(task, ApprovalSensor)]
    assert len(gates) == 3 * len(STAGES)
    assert {task.defaults for task in gates} == {None}
    assert {task.multiple for task in gates} == {False}
    assert {tuple(task.params) for task in gates} == {("reason",)}


def test_release_waits_for_its_stages_without_a_slot(bag: Any) -> None:
    """The runs of the stages are waited for in the triggerer, and never reset."""
    children = [task for task in bag.dags["release"].tasks if isinstance(task, RunStage)]
    assert [task.trigger_dag_id for task in children] == list(STAGES)
    assert all(task.deferrable and not task.reset_dag_run for task in children)


def test_only_stages_have_steps(bag: Any) -> None:
    """A step belongs to a stage that the domain knows."""
    owners = {name for name, dag in bag.dags.items() if any(isinstance(task, Step) for task in dag.tasks)}
    assert owners == {*STAGES, "rollback"}


def _bilingual(words: str | None) -> bool:
    letters = set(words or "")
    return any("가" <= letter <= "힣" for letter in letters) and any("a" <= letter <= "z" for letter in letters)
