"""The hypercare run: which releases are in it, one look at each, and what follows from it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator, Param
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.task.trigger_rule import TriggerRule

from golive_airflow.context import open_ledger, runtime_of
from golive_airflow.notify import deliver
from golive_airflow.retries import patience
from golive_airflow.words import both, explained, label

if TYPE_CHECKING:
    from golive.stages.runtime import Runtime

STAGE = "stabilization"
DUE = "due"


class CareOperator(BaseOperator):
    """What the tasks of this DAG share. Nothing in a task is a template."""

    template_fields = ()

    def __init__(self, *, task_id: str, **kwargs: Any) -> None:
        super().__init__(task_id=task_id, doc_md=both(f"care_{task_id}"), **{**patience("health"), **kwargs})


class DueReleases(CareOperator):
    """The releases that are in hypercare, or of them the one that the form names; skips all when there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id=DUE, **kwargs)

    def execute(self, context: Any) -> list[str]:
        from golive.stages.stabilization import due

        named = context["params"].get("release")
        found = [release for release in due(open_ledger()) if named in (None, release)]
        if not found:
            raise AirflowSkipException(both("no_hypercare", "\n"))
        return found


class CareTask(CareOperator):
    """Does the same for every due release; a failure in one does not hide the others."""

    def __init__(self, *, task_id: str, **kwargs: Any) -> None:
        super().__init__(task_id=task_id, **{"trigger_rule": TriggerRule.NONE_SKIPPED, **kwargs})

    def execute(self, context: Any) -> None:
        releases = context["ti"].xcom_pull(task_ids=DUE)
        if releases is None:
            raise AirflowFailException(both("care_unknown", "\n"))
        errors = []
        for release in releases:
            runtime = runtime_of(context, STAGE)
            try:
                with explained():
                    self.act(replace(runtime, run=replace(runtime.run, release=release)))
            except Exception as error:
                self.log.exception("%s", release)
                errors.append(error)
        if errors:
            raise ExceptionGroup(self.task_id, errors)

    def act(self, runtime: "Runtime") -> None:
        raise NotImplementedError


class Look(CareTask):
    """Asks what serves and records what was seen; what is bad there is an incident, not a failure of the task."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="look", **kwargs)

    def act(self, runtime: "Runtime") -> None:
        from golive.stages.stabilization import sample

        for reading in sample(runtime):
            runtime.say(f"{runtime.run.release}: {reading.measure} {reading.value}")


class Follow(CareTask):
    """Incidents, clocks, the ladder, reports; and the messages of them go out.

    Also when a look failed: that nobody could look is what follows.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="follow", **kwargs)

    def act(self, runtime: "Runtime") -> None:
        from golive.stages.stabilization import tick

        for event in tick(runtime):
            runtime.say(f"{runtime.run.release}: {event.kind} {event.data.get('incident', '')}")
        deliver(runtime)


def stabilization_dag(runbook: str | None) -> DAG:
    """Every quarter of an hour, one at a time, for all releases: no run lives as long as hypercare does."""
    release = Param(
        None,
        type=["string", "null"],
        maxLength=100,
        title=label("param_release"),
        description=both("param_care_release_help"),
    )
    return DAG(
        dag_id=STAGE,
        dag_display_name=label("stage_stabilization"),
        description=label("stage_stabilization"),
        doc_md=runbook,
        schedule="*/15 * * * *",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["golive"],
        default_args={"owner": "golive"},
        params={"release": release},
    )
