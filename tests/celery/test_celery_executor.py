"""The shared installation's executor imports with its lock, and drops a report of success when the task goes on."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from airflow.executors.executor_loader import ExecutorLoader
from airflow.models import import_all_models
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.providers.celery.executors.celery_executor import CeleryExecutor
from airflow.utils.state import TaskInstanceState
from celery.result import AsyncResult

from airflow import settings


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    """Airflow's own table of task instances, and nothing around it."""
    assert settings.engine is not None
    import_all_models()
    TaskInstance.__table__.create(settings.engine)
    yield
    TaskInstance.__table__.drop(settings.engine)


def reported(executor: CeleryExecutor, state: TaskInstanceState, result: str = "SUCCESS") -> TaskInstanceKey:
    """A task whose worker ended with ``result`` by Celery, and which has ``state`` in Airflow's table."""
    key, task = TaskInstanceKey("install", "gate.decide", f"run-{uuid4()}", 1), str(uuid4())
    row = {"id": uuid4(), "dag_id": key.dag_id, "task_id": key.task_id, "run_id": key.run_id, "map_index": -1}
    rest = {"state": state, "try_number": 1, "pool": "default_pool", "pool_slots": 1}
    assert settings.engine is not None
    with settings.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # the runs and versions around it do not matter here
        connection.execute(TaskInstance.__table__.insert().values(**row, **rest))
    executor.celery_app.backend.store_result(task, None if result == "SUCCESS" else RuntimeError("lost"), result)
    executor.workloads[key] = AsyncResult(task, app=executor.celery_app)
    executor.running.add(key)
    return key


@pytest.fixture
def executor() -> CeleryExecutor:
    """As the scheduler of the shared installation loads it."""
    made = ExecutorLoader.import_default_executor_cls()[0]()
    assert isinstance(made, CeleryExecutor)
    return made


@pytest.mark.parametrize("state", [TaskInstanceState.QUEUED, TaskInstanceState.RUNNING])
def test_a_resumed_task_keeps_going(executor: CeleryExecutor, state: TaskInstanceState) -> None:
    """An answer came before Celery's result of the parked try: the report is dropped, and the slot is free again."""
    reported(executor, state)
    executor.sync()
    assert executor.get_event_buffer() == {}
    assert not executor.running


@pytest.mark.parametrize(
    ("state", "result"),
    [
        (TaskInstanceState.SUCCESS, "SUCCESS"),
        (TaskInstanceState.AWAITING_INPUT, "SUCCESS"),
        (TaskInstanceState.QUEUED, "FAILURE"),
    ],
)
def test_other_reports_arrive(executor: CeleryExecutor, state: TaskInstanceState, result: str) -> None:
    """A task that ended or waits is Airflow's own business, and a worker that failed is never hidden."""
    key = reported(executor, state, result)
    executor.sync()
    assert list(executor.get_event_buffer()) == [key]
