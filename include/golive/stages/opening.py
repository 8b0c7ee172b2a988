"""Opening a stage: the run is bound to a submission, a plan and a person, or refused with what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.ledger.events import Event, NewEvent, release_stream
from golive.release.fit import check_fit
from golive.release.plan import Plan
from golive.stages import incidents
from golive.stages.admission import cancelled, line_of
from golive.stages.catalogue import LAST, REPEATABLE, STAGES
from golive.stages.effects import HALF_UNDONE, Effect, fold_effects
from golive.stages.ending import End, ends
from golive.stages.errors import (
    AlreadyLive,
    AnotherRunLives,
    GroundMissing,
    NoRequester,
    Quarantined,
    Returned,
    RollbackFailed,
    RunEnded,
)
from golive.stages.escalation import escalate
from golive.stages.fencing import one_at_a_time
from golive.stages.putting_right import put_right
from golive.stages.reconcile import Reconciled, reconcile, reconcile_release
from golive.stages.rollback import leaving_traces, undo_all
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import StageStanding, StageState, Standings, fold_stages
from golive.stages.subject import Subject, load_subject, plan_of, subject_of_run
from golive.stages.telling import tell
from golive.texts import text


@dataclass(frozen=True)
class OpenedStage:
    """A stage that a run may work on. ``finished``: it was closed before for the same plan, so nothing will be done."""

    release: str
    environment: str
    stage: str
    attempt: int
    plan: Plan
    finished: bool


def open_stage(runtime: Runtime) -> OpenedStage:
    """Opens the run's stage; asked again by the same run, finds it open.

    What an earlier round left and this plan does differently is taken back. Raises ``UnknownRelease``,
    ``UnknownEnvironment``, ``NoRequester``, ``RunEnded``, ``NoApprovalLine``, ``GroundMissing`` (an earlier stage is
    not closed), ``AnotherRunLives``, ``AlreadyLive``, ``Quarantined``, ``LeaseHeld`` or ``TargetGivenUp``.
    """
    run = runtime.run
    subject = subject_of_run(runtime.ledger, run)
    if not run.requester:
        raise NoRequester()
    if not runtime.alive():
        raise RunEnded()
    if run.stage not in REPEATABLE:
        check_fit(subject.manifest, subject.environment)
    if run.stage in STAGES:
        line_of(subject.manifest, run)
    plan = plan_of(runtime.ledger, subject)
    runtime.ledger.append(release_stream(run.release), Opening(runtime, subject, plan).decide)
    standing = fold_stages(runtime.ledger.read(release_stream(run.release)))[(run.environment, run.stage)]
    finished = standing.state is StageState.CLOSED
    if not finished and run.stage in STAGES:
        if STAGES[run.stage].guarded and run.stage != LAST:
            put_right(runtime, subject, plan)
        others = reconcile(runtime, but=run.release)
        with one_at_a_time(runtime):
            found = Reconciled((*others.found, *reconcile_release(runtime, run.release)), others.whole)
            for item in found.found:
                runtime.say(str(item))
            escalate(runtime, subject.manifest, subject.environment, found)
            if STAGES[run.stage].guarded:  # one that only looks changes nothing, not even what is outdated
                _drop_outdated(runtime, plan)
    tell(runtime)
    runtime.say(_opened(standing, run))
    return OpenedStage(run.release, run.environment, run.stage, standing.attempt, plan, finished)


def _opened(standing: StageStanding, run: Run) -> str:
    return text(
        "stages.opened",
        "en",
        stage=run.stage,
        release=run.release,
        environment=run.environment,
        attempt=standing.attempt,
        plan=standing.plan[7:19],
    )


@dataclass(frozen=True)
class Opening:
    """The decision: a new attempt, nothing (it is open for this run, or finished), or a refusal."""

    runtime: Runtime
    subject: Subject
    plan: Plan

    def decide(self, events: Sequence[Event], now: datetime) -> Sequence[NewEvent]:
        run = self.runtime.run
        stages = fold_stages(events)
        before = stages.get((run.environment, run.stage))
        if before is not None and self._stays(before, events):
            return []
        if run.stage not in REPEATABLE:
            self._require_changeable(stages)
        for earlier in _before(run.stage):
            standing = stages.get((run.environment, earlier))
            if standing is None or not self._finished(standing, events):
                raise GroundMissing(step=run.stage, missing=earlier)
        return [NewEvent("stage.opened", self._data(before, run), run.requester)]

    def _finished(self, standing: StageStanding, events: Sequence[Event]) -> bool:
        """Closed for this plan, and no rollback is taking it back just now."""
        closed = standing.state is StageState.CLOSED and standing.plan == self.plan.digest
        return closed and not cancelled(events, standing)

    def _stays(self, before: StageStanding, events: Sequence[Event]) -> bool:
        run = self.runtime.run
        if run.stage not in REPEATABLE and self._finished(before, events):
            return True
        if before.run_id == run.run_id and before.state is not StageState.OPEN:
            # A run that has ended stays ended: a cleared task does not begin it again.
            raise RunEnded()
        if before.state is StageState.RETURNED and before.manifest == self.subject.manifest_digest:
            raise Returned(release=run.release, stage=run.stage, round=self.subject.round + 1)
        if before.state is not StageState.OPEN:
            return False
        if before.run_id == run.run_id and (run.stage in REPEATABLE or before.plan == self.plan.digest):
            return True
        if before.run_id != run.run_id and self.runtime.lives(run.stage, before.run_id):
            where = {"stage": run.stage, "release": run.release, "environment": run.environment}
            raise AnotherRunLives(**where, run_id=before.run_id)
        return False

    def _require_changeable(self, stages: Standings) -> None:
        """What serves is not changed by a stage that is run again, and what is half taken back is not built upon."""
        run = self.runtime.run
        where = {"stage": run.stage, "release": run.release, "environment": run.environment}
        live = stages.get((run.environment, LAST))
        if live is not None and live.state is StageState.CLOSED and live.plan != self.plan.digest:
            raise AlreadyLive(**where)
        for (environment, stage), standing in stages.items():
            if environment == run.environment and standing.state is StageState.QUARANTINED:
                raise Quarantined(**{**where, "stage": stage})

    def _data(self, before: StageStanding | None, run: Run) -> dict[str, object]:
        people = [run.requester, self.subject.submitter, self.subject.manifest.drafter]
        return {
            "environment": run.environment,
            "stage": run.stage,
            "attempt": before.attempt + 1 if before else 1,
            "run_id": run.run_id,
            "parent_run_id": run.parent_run_id,
            "requester": run.requester,
            "requesters": list(dict.fromkeys(people)),
            "manifest": self.subject.manifest_digest,
            "inventory": self.subject.environment_digest,
            "plan": self.plan.digest,
            "link": self.runtime.link,
        }


def _before(stage: str) -> tuple[str, ...]:
    """The stages that must be closed before this one is opened."""
    names = tuple(STAGES)
    return names[: names.index(stage)] if stage in names else ()


def _drop_outdated(runtime: Runtime, plan: Plan) -> None:
    """Takes back what an earlier round left behind and this plan does differently; what is the same stays.

    Other stages whose effects went are not closed any more. Raises ``RollbackFailed``.
    """
    run, stream = runtime.run, release_stream(runtime.run.release)
    events = runtime.ledger.read(stream)
    outdated = outdated_effects(events, plan)
    if not outdated:
        return
    stages = {effect.stage for effect in outdated} - {run.stage}
    touched = [s for (where, stage), s in fold_stages(events).items() if where == run.environment and stage in stages]
    result = undo_all(runtime, outdated)
    if result.failed:
        _quarantine(runtime, [s for s in touched if s.state is StageState.CLOSED], result.failed)
        names = ", ".join(result.failed)
        raise RollbackFailed(release=plan.release, environment=plan.environment, targets=names)
    closed = [standing for standing in touched if standing.state is StageState.CLOSED]
    end = End("rolled_back", text("stages.outdated", "en"))
    runtime.ledger.append(stream, lambda events, _now: ends(events, closed, end))


def _quarantine(runtime: Runtime, closed: Sequence[StageStanding], failed: Sequence[str]) -> None:
    """This stage and those whose effects are half taken back are quarantined, with an incident."""
    run = runtime.run
    locale = load_subject(runtime.ledger, run.release, run.environment).manifest.locale
    end = End("quarantined", detail=", ".join(failed))

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        own = fold_stages(events)[(run.environment, run.stage)]
        return [*ends(events, [own, *closed], end), *incidents.opened(events, run, locale, failed)]

    runtime.ledger.append(release_stream(run.release), decide)
    tell(runtime)


def outdated_effects(events: Sequence[Event], plan: Plan) -> tuple[Effect, ...]:
    """Effects with traces that are half taken back, or whose inputs are not the plan's, and all that were built on
    them; newest first."""
    inputs = {step.key: step.inputs for step in plan.steps}
    traces = leaving_traces(fold_effects(events, plan.environment).values())
    return tuple(effect for effect in traces if _built_on(effect, traces, inputs))


def _built_on(effect: Effect, traces: Sequence[Effect], inputs: Mapping[str, str]) -> bool:
    same_place = [other for other in traces if other.target == effect.target and other.sequence <= effect.sequence]
    return any(inputs.get(other.key) != other.inputs or other.state in HALF_UNDONE for other in same_place)
