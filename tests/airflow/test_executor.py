"""The executor drops a report of success when the task goes on, and only then."""

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from airflow.executors.local_executor import LocalExecutor
from airflow.models import import_all_models
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

from airflow import settings
from golive_airflow.executor import RaceFreeLocalExecutor
from golive_airflow.stale_reports import going_on


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    """Airflow's own table of task instances, and nothing around it."""
    assert settings.engine is not None
    import_all_models()
    TaskInstance.__table__.create(settings.engine)
    yield
    TaskInstance.__table__.drop(settings.engine)


def instance(state: TaskInstanceState, try_number: int = 1) -> TaskInstanceKey:
    """A task instance in the table; its key."""
    key = TaskInstanceKey("install", "gate.decide", f"run-{uuid4()}", try_number)
    row = {"id": uuid4(), "dag_id": key.dag_id, "task_id": key.task_id, "run_id": key.run_id, "map_index": -1}
    rest = {"state": state, "try_number": try_number, "pool": "default_pool", "pool_slots": 1}
    assert settings.engine is not None
    with settings.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # the runs and versions around it do not matter here
        connection.execute(TaskInstance.__table__.insert().values(**row, **rest))
    return key


@pytest.mark.parametrize("state", [TaskInstanceState.QUEUED, TaskInstanceState.RUNNING])
def test_a_resumed_task_keeps_going(state: TaskInstanceState) -> None:
    """An answer came before the report of the parked try: the report is dropped."""
    executor, key = RaceFreeLocalExecutor(), instance(state)
    executor.success(key)
    assert executor.get_event_buffer() == {}


@pytest.mark.parametrize(
    "state",
    [
        TaskInstanceState.SUCCESS,
        TaskInstanceState.AWAITING_INPUT,
        TaskInstanceState.DEFERRED,
        TaskInstanceState.SCHEDULED,
        TaskInstanceState.FAILED,
    ],
)
def test_other_reports_of_success_arrive(state: TaskInstanceState) -> None:
    """A task that ended, waits or is scheduled is Airflow's own business."""
    executor, key = RaceFreeLocalExecutor(), instance(state)
    executor.success(key)
    assert list(executor.get_event_buffer()) == [key]


def test_a_report_of_failure_always_arrives() -> None:
    """A worker that could not run a queued task is never hidden."""
    executor, key = RaceFreeLocalExecutor(), instance(TaskInstanceState.QUEUED)
    executor.fail(key)
    assert list(executor.get_event_buffer()) == [key]


def test_a_report_of_an_earlier_try_arrives() -> None:
    """Only the try that goes on is meant."""
    later = instance(TaskInstanceState.RUNNING, try_number=2)
    executor = RaceFreeLocalExecutor()
    executor.success(later.with_try_number(1))
    assert list(executor.get_event_buffer()) == [later.with_try_number(1)]


def test_many_reports_are_judged_one_by_one() -> None:
    """Reports of other runs and tasks do not mix."""
    resumed = [instance(TaskInstanceState.RUNNING) for _ in range(3)]
    ended = [instance(TaskInstanceState.SUCCESS) for _ in range(3)]
    assert going_on([*resumed, *ended]) == resumed
    assert going_on([]) == []


def test_the_stock_executor_still_needs_the_cure() -> None:
    """When Airflow drops the stale report itself, this class can go."""
    executor, key = LocalExecutor(), instance(TaskInstanceState.QUEUED)
    executor.success(key)
    assert list(executor.get_event_buffer()) == [key]


def test_importing_what_tasks_need_starts_nothing() -> None:
    """The workers are forked afterwards, so no thread and no connection may be there."""
    command = [sys.executable, "-c", FORKABLE]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=paths)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 []"


FORKABLE = """
import threading, psutil
from importlib import import_module
from golive_airflow.executor import PRELOADED
for module in PRELOADED:
    import_module(module)
print(threading.active_count(), psutil.Process().net_connections())
"""
