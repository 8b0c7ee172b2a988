"""A stage as a DAG: its frame, and the operators that call the library.

A stage's file lists its tasks in order. ``stage_dag`` ties ``open`` to ``rollback`` as setup and teardown, and leaves
``verdict`` alone at the end: it always runs, and its colour is the run's, whatever was clicked before it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import DAG, BaseOperator, Param

from golive_airflow.context import PARENT, runtime_of
from golive_airflow.notify import deliver
from golive_airflow.retries import patience
from golive_airflow.runs import ROLLBACK
from golive_airflow.words import both, explained, label

if TYPE_CHECKING:
    from golive.stages.runtime import Runtime


@contextmanager
def stage_dag(stage: str, runbook: str | None, params: Mapping[str, Param] | None = None) -> Iterator[DAG]:
    """The DAG of ``stage``; ``runbook`` is its file's docstring, ``params`` what its form asks beyond the two ids."""
    dag = DAG(
        dag_id=stage,
        dag_display_name=label(f"stage_{stage}"),
        description=label(f"stage_{stage}"),
        doc_md=runbook,
        schedule=None,
        max_active_runs=100,  # a run that waits at a gate holds a place
        tags=["golive"],
        default_args={"owner": "golive"},
        params={"release": asked("release"), "environment": asked("environment"), **(params or {})},
    )
    with dag:
        yield dag
    if ROLLBACK in dag.task_dict:
        dag.get_task("open") >> dag.get_task(ROLLBACK)


def asked(name: str) -> Param:
    """A field of the form that must be filled."""
    return _field(name, maxLength=100)


def reason() -> Param:
    """A field of several lines that must be filled."""
    return _field("reason", maxLength=2000, format="multiline")


def _field(name: str, **schema: Any) -> Param:
    words: dict[str, Any] = {"title": label(f"param_{name}"), "description": both(f"param_{name}_help")}
    return Param(**words, type="string", minLength=1, **schema)


class GoliveOperator(BaseOperator):
    """What all tasks of a stage share: ``act`` calls the library. Nothing in a task is a template.

    ``kind`` is its row in the table of patience; ``speaks`` says whether ``act`` may leave messages to deliver.
    """

    template_fields = ()
    speaks: ClassVar[bool] = False

    def __init__(self, *, task_id: str, kind: str, **kwargs: Any) -> None:
        super().__init__(task_id=task_id, doc_md=both(f"task_{task_id}"), **{**patience(kind), **kwargs})

    def execute(self, context: Any) -> None:
        runtime = runtime_of(context, str(self.dag_id))
        try:
            with explained():
                self.act(runtime, context["params"])
        finally:
            if self.speaks:
                deliver(runtime)

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        raise NotImplementedError


class OpenStage(GoliveOperator):
    """Setup: the release and the environment exist, someone asked, nothing stands in the way; the stage is open."""

    speaks = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="open", kind="open", **kwargs)
        self.as_setup()

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import open_stage

        open_stage(runtime)


class Step(GoliveOperator):
    """The step of this name; which hosts and components it meets, the plan says at run time."""

    def __init__(self, *, task_id: str, kind: str = "step", **kwargs: Any) -> None:
        super().__init__(task_id=task_id, kind=kind, **kwargs)

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import run_step

        run_step(runtime, self.task_id)


class CloseStage(GoliveOperator):
    """The stage's outcome holds from here on: its rollback does nothing any more."""

    speaks = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="close", kind="close", **kwargs)

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import close_stage

        close_stage(runtime)


class Rollback(GoliveOperator):
    """Teardown: takes back what the ledger says is in force, unless the stage is closed or was returned.

    The one of ``release`` takes back all its stages, newest first.
    """

    speaks = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id=ROLLBACK, kind="rollback", **kwargs)
        self.as_teardown()

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import roll_back_release, roll_back_stage

        (roll_back_release if runtime.run.stage == PARENT else roll_back_stage)(runtime)


class RollBackRelease(GoliveOperator):
    """Takes back the whole release in the environment, newest first, live or not."""

    speaks = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="roll_back", kind="rollback", **kwargs)

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import roll_back_release

        roll_back_release(runtime, params["reason"])


class Verdict(GoliveOperator):
    """Teardown without a setup, so that nothing skips it: raises unless the ledger says that the stage is closed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="verdict", kind="verdict", **kwargs)
        self.as_teardown(on_failure_fail_dagrun=True)

    def act(self, runtime: "Runtime", params: Mapping[str, Any]) -> None:
        from golive.stages.api import check_verdict

        check_verdict(runtime)
