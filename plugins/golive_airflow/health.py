"""The nightly health run: which environments are due, one check after the other, one summary."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator, Param
from airflow.sdk.exceptions import AirflowSkipException
from airflow.task.trigger_rule import TriggerRule

from golive_airflow.context import open_ledger, runtime_of
from golive_airflow.errors import Unhealthy
from golive_airflow.notify import deliver_everything, deliver_stream
from golive_airflow.retries import patience
from golive_airflow.words import both, explained, label

if TYPE_CHECKING:
    from golive.stages.runtime import Runtime

DUE = "due"


class HealthOperator(BaseOperator):
    """What the tasks of this DAG share. Nothing in a task is a template."""

    template_fields = ()

    def __init__(self, *, task_id: str, **kwargs: Any) -> None:
        super().__init__(task_id=task_id, doc_md=both(f"health_{task_id}"), **{**patience("health"), **kwargs})


class DueEnvironments(HealthOperator):
    """The environments whose last two o'clock at night was not looked at, or the one that the form names; skips all
    when there is none.

    On the way it does what else must be done every half hour: missing heads are written, waiting messages are sent.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id=DUE, **{"trigger_rule": TriggerRule.ALL_DONE, **kwargs})

    def execute(self, context: Any) -> list[str]:
        from golive.stages.health import due_environments

        ledger = open_ledger()
        ledger.confirm_heads()
        deliver_everything(ledger)
        named = context["params"].get("environment")
        due = [named] if named else list(due_environments(ledger))
        if not due:
            raise AirflowSkipException(both("nothing_due", "\n"))
        return due


class FlowBack(HealthOperator):
    """Every half hour, wherever something serves: what a moved database took flows back into the old one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="flow_back", **kwargs)

    def execute(self, context: Any) -> None:
        from golive.ledger.events import environment_stream
        from golive.stages.flow_back import keep_flowing

        ledger = open_ledger()
        errors = []
        for stream in ledger.streams(environment_stream("")):
            environment = stream.removeprefix(environment_stream(""))
            try:
                with explained():
                    self.log.info(
                        "%s: %s",
                        environment,
                        keep_flowing(runtime_of(context, "nightly_health", environment=environment)),
                    )
            except Exception as error:
                self.log.exception("%s", environment)
                errors.append(error)
        if errors:
            raise ExceptionGroup(self.task_id, errors)


class HealthTask(HealthOperator):
    """Does the same for every due environment; a failure in one does not hide the others."""

    def __init__(self, *, task_id: str, **kwargs: Any) -> None:
        super().__init__(task_id=task_id, **{"trigger_rule": TriggerRule.NONE_SKIPPED, **kwargs})

    def execute(self, context: Any) -> None:
        errors = []
        for environment in context["ti"].xcom_pull(task_ids=DUE):
            try:
                with explained():
                    self.act(runtime_of(context, "nightly_health", environment=environment))
            except Exception as error:
                self.log.exception("%s", environment)
                errors.append(error)
        if errors:
            raise ExceptionGroup(self.task_id, errors)

    def act(self, runtime: "Runtime") -> None:
        raise NotImplementedError


class HealthCheck(HealthTask):
    """One check; what it finds is a fact in the ledger, not a failure of the task."""

    def act(self, runtime: "Runtime") -> None:
        from golive.stages.health import check

        check(runtime, self.task_id)


class HealthSummary(HealthTask):
    """One message per environment from the facts of this run; red, with an incident, where something is wrong."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="summary", **kwargs)

    def act(self, runtime: "Runtime") -> None:
        from golive.ledger.events import environment_stream
        from golive.stages.health import summarise

        environment = runtime.run.environment
        findings = summarise(runtime)
        deliver_stream(runtime.ledger, environment_stream(environment))
        bad = [finding for finding in findings if finding.result != "pass"]
        if bad:
            words = "; ".join(f"{finding.name} ({finding.result}): {finding.detail}" for finding in bad)
            raise Unhealthy(environment=environment, findings=words)


def health_dag(runbook: str | None) -> DAG:
    """Every half hour, so that each time zone's two o'clock is met and a late scheduler misses none; one at a time."""
    environment = Param(
        None,
        type=["string", "null"],
        maxLength=100,
        title=label("param_environment"),
        description=both("param_health_environment_help"),
    )
    return DAG(
        dag_id="nightly_health",
        dag_display_name=label("stage_nightly_health"),
        description=label("stage_nightly_health"),
        doc_md=runbook,
        schedule="0,30 * * * *",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["golive"],
        default_args={"owner": "golive"},
        params={"environment": environment},
    )
