"""The gate: one task per step of an approval line, waiting in Airflow's Required Actions without a slot or a triggerer.

Airflow shows the question and takes the answer; the ledger decides what the answer is worth. Airflow keeps the first
body of a task for ever, so a question that has changed since is refused here and asked by a new attempt.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param, TaskGroup, chain
from airflow.sdk.exceptions import TaskAwaitingInput

from golive.texts import text
from golive_airflow.context import runtime_of
from golive_airflow.errors import GateClosed, NobodyToAsk, QuestionOutdated
from golive_airflow.notify import deliver
from golive_airflow.retries import patience
from golive_airflow.runs import is_retry
from golive_airflow.words import both, explained, label

if TYPE_CHECKING:
    from golive.approvals.values import Question, Standing
    from golive.stages.runtime import Runtime

KINDS = ("review", "agree", "decide")
ANSWERS = {label(f"answer_{answer}"): answer for answer in ("approve", "return", "stop")}
"""What stands on the buttons, and what it means."""
FIRST_LOOK = 30
LAST_LOOK = 600
"""Seconds after which a waiting gate of a child run looks whether its parent still goes on; doubled each time."""
GLANCE = 1
CHANNEL = "airflow"


def gate() -> TaskGroup:
    """The line's steps in order. A step that the line of this release lacks succeeds at once and says so."""
    with TaskGroup("gate", tooltip=both("task_gate")) as group:
        chain(*(ApprovalSensor(kind=kind, params={"reason": _reason()}) for kind in KINDS))
    return group


def _reason() -> Param:
    return Param("", type=["string", "null"], format="multiline", maxLength=2000, title=label("param_reason"))


class ApprovalSensor(HITLOperator):
    """Waits until one step of the line is settled. Only *granted* lets the stage go on; nothing defaults to it.

    ``params`` is the form beside the answers; ``reason`` is read from it.
    """

    template_fields = ()

    def __init__(self, *, kind: str, **kwargs: Any) -> None:
        super().__init__(
            task_id=kind,
            subject=label(f"task_{kind}"),
            options=list(ANSWERS),
            response_timeout=timedelta(days=1),  # unused: every wait is computed from the question
            doc_md=both(f"task_{kind}_help"),
            **{**patience("gate"), **kwargs},
        )
        self.kind = kind

    def execute(self, context: Any) -> None:
        """Ask. A try after a lost one first takes the answer that may have come while nobody was there to record it."""
        if is_retry(context["ti"]):
            park(GLANCE, shown=False)
        self._go_on(context, None, shown=False, look=FIRST_LOOK)

    def execute_complete(
        self, context: Any, event: Mapping[str, Any], shown: bool = True, look: int = FIRST_LOOK
    ) -> None:
        """After an answer, or (``event`` has an error) after a look at the clock."""
        if "error" in event:
            self._go_on(context, None, shown=shown, look=look)
        else:
            self._go_on(context, event, shown=False, look=FIRST_LOOK)

    def _go_on(self, context: Any, event: Mapping[str, Any] | None, *, shown: bool, look: int) -> None:
        """Record the answer if there is one; then go on, end, or wait for more."""
        runtime = runtime_of(context, str(self.dag_id), link=self.generate_link_to_ui_from_context(context=context))
        with explained():
            if event is not None:
                self._record(runtime, event)
            question = self._ask(runtime)
            if question is None:
                return
            if not shown:
                self._show(context, question)
                deliver(runtime)
        left = (question.expires.astimezone(UTC) - runtime.ledger.now()).total_seconds()
        park(min(left, look) if runtime.run.parent_run_id else left, look=min(look * 2, LAST_LOOK))

    def _record(self, runtime: "Runtime", event: Mapping[str, Any]) -> None:
        from golive.stages.gates import answer

        person = (event["responded_by_user"] or {}).get("name", "")
        chosen = ANSWERS.get(next(iter(event["chosen_options"]), ""), "")
        reason = (event["params_input"] or {}).get("reason") or ""
        standing = answer(runtime, self.kind, person, chosen, reason, CHANNEL)
        if standing.refused:
            why = " ".join(text(standing.refused, locale) for locale in ("ko", "en"))
            self.log.warning("%s", both("answer_refused", "\n", person=person or "-", why=why))

    def _ask(self, runtime: "Runtime") -> "Question | None":
        """The open question; None when this step is granted. Raises ``GateClosed``."""
        from golive.approvals.values import Settled
        from golive.stages.gates import ask

        if not runtime.alive():
            raise GateClosed(stage=self.dag_id, kind=self.kind, state="ended", person="-", reason="-")
        found = ask(runtime, self.kind)
        if not isinstance(found, Settled):
            return found
        self._settle(found.standing)
        return None

    def _settle(self, standing: "Standing") -> None:
        if standing.state != "granted":
            decision = standing.decision
            person, reason = (decision.person, decision.reason) if decision else ("-", "-")
            raise GateClosed(
                stage=self.dag_id, kind=self.kind, state=standing.state.value, person=person, reason=reason
            )
        people = ", ".join(signature.person for signature in standing.signatures)
        self.log.info("%s", both("gate_granted", "\n", people=people) if people else both("gate_lacks_step", "\n"))

    def _show(self, context: Any, question: "Question") -> None:
        """Put the question into Airflow's table; clears an earlier answer. Raises if an older question stands there."""
        from airflow.sdk.api.datamodels._generated import HITLUser
        from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        if not question.assignees:  # Airflow lets anyone answer a question that names nobody
            raise NobodyToAsk(stage=self.dag_id, kind=self.kind)
        wanted = CreateHITLDetailPayload(
            ti_id=context["ti"].id,
            subject=question.title,
            body=question.body,
            options=list(ANSWERS),
            params=self.serialized_params,
            assigned_users=[HITLUser(id=person, name=person) for person in question.assignees],
        )
        shown = SUPERVISOR_COMMS.send(wanted)
        if any(getattr(shown, name) != getattr(wanted, name) for name in ("subject", "body", "assigned_users")):
            raise QuestionOutdated(stage=self.dag_id, kind=self.kind)


def park(seconds: float, **kwargs: Any) -> NoReturn:
    """Give up the slot until an answer comes, at most ``seconds``; ``kwargs`` come back with it."""
    timeout = timedelta(seconds=max(seconds, GLANCE))
    raise TaskAwaitingInput(method_name="execute_complete", kwargs=kwargs, timeout=timeout)
