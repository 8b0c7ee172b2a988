"""What a task may ask of Airflow about runs, through the execution API: it has no database."""

from collections.abc import Mapping
from typing import Any

LIVE = ("queued", "running")
ROLLBACK = "rollback"
"""The task id of every stage's rollback. Once it has a state, its run is being undone, whatever the run's colour."""


def run_state(dag_id: str, run_id: str) -> str | None:
    """``queued``, ``running``, ``success`` or ``failed``; None when there is no such run."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    if not RuntimeTaskInstance.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
        return None
    state = RuntimeTaskInstance.get_dagrun_state(dag_id, run_id)
    return str(getattr(state, "value", state))  # an enum whose text is not its value


def run_goes_on(dag_id: str, run_id: str) -> bool:
    """Whether a run may still cause effects.

    A run that a person marked failed stays ``running`` until its teardowns are done, so the rollback task is asked too.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    if run_state(dag_id, run_id) not in LIVE:
        return False
    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, task_ids=[ROLLBACK], run_ids=[run_id])
    return not states.get(run_id, {}).get(ROLLBACK)


def is_retry(task_instance: Any) -> bool:
    """Whether Airflow itself tries again: not the first try, and not the first after a person cleared the task."""
    retries = task_instance.task.retries or 0
    return bool(task_instance.try_number > task_instance.max_tries - retries + 1)


def start_run(dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
    """Start a run, or leave the one of this id as it is. The server hands our requester down to it."""
    from airflow.sdk.execution_time.comms import TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf)))
