"""The answer race, cured for any executor.

A worker that parks a task (a gate, a deferral) ends with SUCCESS, and the executor reports it a moment later. When the
answer came first, the scheduler has queued the task again by then, reads "finished" of a task that is queued, and
fails it. Such a report speaks of a try that is already over, so it is dropped. A task that is really lost is still
found: by its missing heartbeat when running, by ``task_queued_timeout`` when queued.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.executors.base_executor import BaseExecutor
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select

if TYPE_CHECKING:
    from airflow.executors.base_executor import EventBufferValueType
    from airflow.executors.workloads.types import WorkloadKey

_AGAIN = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING)
_KEY = (
    TaskInstance.dag_id,
    TaskInstance.task_id,
    TaskInstance.run_id,
    TaskInstance.try_number,
    TaskInstance.map_index,
)


class WithoutStaleReports(BaseExecutor):
    """Stands before an executor in a class's bases, and takes its stale reports of success away."""

    def get_event_buffer(self, dag_ids: "list[str] | None" = None) -> "dict[WorkloadKey, EventBufferValueType]":
        """The reports since the last call, without those of a try that goes on."""
        events: dict[WorkloadKey, EventBufferValueType] = super().get_event_buffer(dag_ids)
        ended = [key for key, (state, _) in events.items() if state == TaskInstanceState.SUCCESS]
        for key in going_on(key for key in ended if isinstance(key, TaskInstanceKey)):
            self.log.info("Dropped a stale report of success: %s was resumed in the meantime", key)
            del events[key]
        return events


def going_on(keys: Iterable[TaskInstanceKey]) -> list[TaskInstanceKey]:
    """Those of ``keys`` whose task instance is queued or running in the database at the same try."""
    wanted = list(keys)
    these = TaskInstance.filter_for_tis(wanted)
    if these is None:
        return []
    query = select(*_KEY).where(these, TaskInstance.state.in_(_AGAIN))
    with create_session(scoped=False) as session:  # the scheduler's own session is not ours to commit
        found = {TaskInstanceKey(*row) for row in session.execute(query)}
    return [key for key in wanted if key in found]
