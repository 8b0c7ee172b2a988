"""Every DAG imports, and each reads as its stage's runbook says."""

from itertools import pairwise
from typing import Any

import pytest

from golive.stages.catalogue import OUTSIDE, STAGES
from golive.stages.health_checks import CHECKS
from golive_airflow.health import HealthCheck
from golive_airflow.stage import Step

GATE = ["gate.review", "gate.agree", "gate.decide"]
SCHEDULED = ("nightly_health", "stabilization")
ORDER = {
    "release": ["open", "plan", "environment", "install", "migration", "cutover", "close", "rollback", "verdict"],
    "plan": ["open", "changes", "difference", "reach", "schedule", *GATE, "close", "rollback", "verdict"],
    "environment": [
        *("open", "facts", *GATE, "directories", "runtime", "services", "databases", "monitoring"),
        *("backup", "restore_check", "close", "rollback", "verdict"),
    ],
    "install": ["open", "verify", *GATE, "upload", "unpack", "configure", "check", "close", "rollback", "verdict"],
    "migration": [
        *("open", "analyze", "trial", *GATE, "schema", "load", "compare", "expectations"),
        *("close", "rollback", "verdict"),
    ],
    "cutover": [
        *("open", "readiness", *GATE, "drain", "sync", "switch", "admit", "smoke"),
        *("close", "rollback", "verdict"),
    ],
    "rollback": ["open", "roll_back", "confirm", "close", "verdict"],
    "nightly_health": [
        "flow_back",
        "due",
        "hosts",
        "services",
        "effects",
        "drift",
        "certificates",
        "databases",
        "backups",
        "summary",
    ],
    "stabilization": ["due", "look", "follow"],
}


def test_every_file_imports(bag: Any) -> None:
    """No DAG file fails, and there is one DAG per file."""
    assert bag.import_errors == {}
    assert set(bag.dags) == set(ORDER)


@pytest.mark.parametrize("stage", sorted(ORDER))
def test_tasks_follow_each_other_in_order(bag: Any, stage: str) -> None:
    """Each task waits for the one before it; ``open`` also leads to ``rollback``, its teardown."""
    order = ORDER[stage]
    wanted = {name: {following} for name, following in pairwise(order)} | {order[-1]: set()}
    if "rollback" in order:
        wanted["open"].add("rollback")
    assert {task.task_id: task.downstream_task_ids for task in bag.dags[stage].tasks} == wanted


@pytest.mark.parametrize("stage", [*STAGES, *OUTSIDE])
def test_steps_are_those_of_the_domain(bag: Any, stage: str) -> None:
    """A stage's DAG runs every step that the domain defines, in its order, and no other."""
    definition = STAGES.get(stage) or OUTSIDE[stage]
    steps = [task.task_id for task in bag.dags[stage].topological_sort() if isinstance(task, Step)]
    assert steps == [step.name for step in definition.steps]


def test_nightly_checks_are_those_of_the_domain(bag: Any) -> None:
    """The nightly DAG looks at everything that the domain can look at."""
    checks = [task.task_id for task in bag.dags["nightly_health"].tasks if isinstance(task, HealthCheck)]
    assert sorted(checks) == sorted(CHECKS)


def test_the_night_is_looked_at_whatever_flows_back(bag: Any) -> None:
    """A database into which nothing can flow back keeps no check from being made."""
    assert bag.dags["nightly_health"].get_task("due").trigger_rule == "all_done"


@pytest.mark.parametrize("stage", [name for name in ORDER if name not in SCHEDULED])
def test_a_stage_asks_for_a_release_and_an_environment(bag: Any, stage: str) -> None:
    """The form cannot be sent without them, and tells what they are in both languages."""
    params = bag.dags[stage].params
    for name in ("release", "environment"):
        schema = params.get_param(name).serialize()["schema"]
        assert schema["type"] == "string"
        assert schema["minLength"] == 1
        assert " · " in schema["title"]
    with pytest.raises(Exception, match="No value passed"):
        params.validate()


def test_rollback_asks_why(bag: Any) -> None:
    """A reason is required on the form, in several lines."""
    assert bag.dags["rollback"].params.get_param("reason").serialize()["schema"]["format"] == "multiline"
