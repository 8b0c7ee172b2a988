"""A stage as a task of ``release``: starts the stage's run, or attaches to the one that is there, and waits for it.

The run's id is ``<release>.<environment>.<stage>.<attempt>``, so a task that was lost or cleared finds its run again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import XCOM_RUN_ID, TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger
from airflow.utils.state import DagRunState

from golive_airflow.context import PARENT, runtime_of
from golive_airflow.errors import ChildEnded
from golive_airflow.retries import patience
from golive_airflow.runs import LIVE, run_state, start_run
from golive_airflow.words import both, explained

KEPT = timedelta(days=90)
"""How long a lost task may find the run that it chose."""
POKE = 2.0
"""Seconds between two looks at the run."""
ENDED = (DagRunState.SUCCESS, DagRunState.FAILED)


@dataclass(frozen=True)
class Attempt:
    """One run of a stage: its ``number``, and the ``state`` of its run (None: not there)."""

    number: int
    state: str | None


def choose(latest: Attempt, closed: bool) -> int:
    """Which attempt to use: a live run, or a green one whose stage still stands closed, else a new one."""
    if latest.state is None or latest.state in LIVE or (latest.state == "success" and closed):
        return latest.number
    return latest.number + 1


class RunStage(TriggerDagRunOperator):
    """Runs another stage for the same release and environment. A red child fails it at once.

    Tried again by Airflow it goes back to the run that it chose; cleared, or in another run of the release, it chooses
    anew: the run that lives or stands, else the next attempt.
    """

    template_fields = ()

    def __init__(self, *, stage: str, **kwargs: Any) -> None:
        super().__init__(
            task_id=stage,
            trigger_dag_id=stage,
            wait_for_completion=True,
            deferrable=True,
            openlineage_inject_parent_info=False,
            doc_md=both(f"stage_{stage}_help"),
            **{**patience("stage"), **kwargs},
        )

    def execute(self, context: Any) -> None:
        with explained():
            self._go_on(context)

    def execute_complete(self, context: Any, event: tuple[str, Mapping[str, Any]]) -> None:
        """After the end of the run that was waited for: ours is judged, after any other one we choose anew."""
        run_id = event[1]["run_ids"][0]
        with explained():
            if run_id == self._kept(context):
                self._judge(context, run_id, event[1].get(run_id))
            else:
                self._go_on(context)

    def _go_on(self, context: Any) -> None:
        run_id = self._kept(context) or self._choose(context)
        state = run_state(self.trigger_dag_id, run_id)
        if state is None:
            start_run(self.trigger_dag_id, run_id, _conf(context))
        context["ti"].xcom_push(key=XCOM_RUN_ID, value=run_id)  # Airflow makes the link to the run from it
        if state in ENDED:
            self._judge(context, run_id, state)
        else:
            trigger = DagStateTrigger(self.trigger_dag_id, list(ENDED), run_ids=[run_id], poll_interval=POKE)
            self.defer(trigger=trigger, method_name="execute_complete")

    def _judge(self, context: Any, run_id: str, state: str | None) -> None:
        if state != DagRunState.SUCCESS or not self._stands_closed(context):
            raise ChildEnded(stage=self.trigger_dag_id, run=run_id, state=state)

    def _choose(self, context: Any) -> str:
        """The child's run id; if it is ours, written down before anything is started.

        A live run that the ledger does not know as a child of this very run of the release may be about to be taken
        back with another one. It is waited for, and what it came to is not ours.
        """
        params = context["params"]
        prefix = f"{params['release']}.{params['environment']}.{self.trigger_dag_id}"
        latest = latest_attempt(lambda number: run_state(self.trigger_dag_id, f"{prefix}.{number}"))
        number = choose(latest, latest.state == "success" and self._stands_closed(context))
        run_id = f"{prefix}.{number}"
        self.log.info("%s", both("attempt", "\n", run=run_id, before=latest.state or "-"))
        if latest.state not in LIVE or self._is_child(context, run_id):
            self._keep(context, run_id, new=number != latest.number or latest.state is None)
        return run_id

    def _kept(self, context: Any) -> str | None:
        kept = context["task_state_store"].get(_key(context))
        return None if kept is None else str(kept)

    def _keep(self, context: Any, run_id: str, *, new: bool) -> None:
        """From here on the run is ours. A release that has ended starts nothing: a cleared task does not revive it."""
        if new:
            from golive.stages.api import require_begun

            require_begun(runtime_of(context, PARENT))
        context["task_state_store"].set(_key(context), run_id, retention=KEPT)

    def _stands_closed(self, context: Any) -> bool:
        """What the ledger says of the stage. A run's colour is no proof, and its id could be anyone's."""
        from golive.stages.api import stands_closed

        return bool(stands_closed(runtime_of(context, self.trigger_dag_id)))

    def _is_child(self, context: Any, run_id: str) -> bool:
        from golive.stages.api import is_child

        return bool(is_child(runtime_of(context, self.trigger_dag_id), run_id))


def latest_attempt(state_of: Callable[[int], str | None]) -> Attempt:
    """The newest attempt that has a run, by ``state_of`` its number; attempt 1 without a state when there is none."""
    found = Attempt(1, state_of(1))
    while found.state is not None:
        following = Attempt(found.number + 1, state_of(found.number + 1))
        if following.state is None:
            break
        found = following
    return found


def _key(context: Any) -> str:
    """``max_tries`` rises with every clear, so a cleared task chooses anew and a retried one does not."""
    return f"child.{context['ti'].max_tries}"


def _conf(context: Any) -> dict[str, Any]:
    params = context["params"]
    return {
        "release": params["release"],
        "environment": params["environment"],
        "parent_run_id": context["dag_run"].run_id,
    }
