"""Ending a stage: closed, returned, stopped, rolled back or quarantined. The colour of a run follows from this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from golive.approvals.values import State as GateState
from golive.ledger.events import Event, NewEvent, release_stream
from golive.ledger.leases import release_lease
from golive.release.plan import Plan
from golive.stages.admission import in_force, require_open
from golive.stages.catalogue import LAST, STAGES, WHOLE, stage_definition
from golive.stages.effects import Effect, fold_effects
from golive.stages.engine import closed_for
from golive.stages.errors import NotServing, RollbackFailed, StageIncomplete, StageNotClosed
from golive.stages.gates import gate_standing
from golive.stages.live import serving, went_live, withdrawn
from golive.stages.on_demand import ROLLBACK
from golive.stages.promotion import artifacts_of
from golive.stages.rollback import leaving_traces, undo_all
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import StageStanding, StageState, fold_stages, last
from golive.stages.subject import Subject, load_subject, plan_of
from golive.stages.telling import tell
from golive.texts import text


@dataclass(frozen=True)
class RollbackReport:
    """What a rollback came to. ``outcome``: nothing, returned, stopped, rolled_back or quarantined."""

    outcome: str
    undone: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def close_stage(runtime: Runtime) -> None:
    """Closes the run's stage if every step of it is done; the last stage makes the release live.

    Raises ``StageIncomplete``, naming what is missing, or ``StageNotOpen``.
    """
    run, ledger = runtime.run, runtime.ledger
    stream = release_stream(run.release)
    subject = load_subject(ledger, run.release, run.environment)
    plan = plan_of(ledger, subject)
    before = fold_stages(ledger.read(stream)).get((run.environment, run.stage))
    if before is None or before.state is not StageState.CLOSED or before.plan != plan.digest:
        ledger.append(stream, lambda events, now: _closing(runtime, subject, events))
    if run.stage == LAST:
        planned = last(ledger.read(stream), "release.planned", environment=run.environment, plan=plan.digest)
        went_live(ledger, run.environment, _live(subject, plan, planned.data["content"] if planned else ""))
        targets = sorted({step.target for step in plan.steps} - {"release"})
        release_lease(ledger, run.environment, targets, f"release/{run.release}")
    tell(runtime)
    runtime.say(text("stages.closed", "en", stage=run.stage, release=run.release, environment=run.environment))


def _live(subject: Subject, plan: Plan, plan_content: str) -> Mapping[str, Any]:
    """What the environment's record says of a release that serves: for each component, what lies on its hosts."""
    components = {
        name: {
            "version": placement.version,
            "artifact": placement.artifact,
            "directory": placement.directory,
            "tree": placement.tree,
        }
        for name, placement in subject.placements.items()
    }
    return {
        "release": subject.manifest.release,
        "manifest": subject.manifest_digest,
        "inventory": subject.environment_digest,
        "plan": plan.digest,
        "plan_content": plan_content,
        "components": components,
    }


def _closing(runtime: Runtime, subject: Subject, events: Sequence[Event]) -> Sequence[NewEvent]:
    run = runtime.run
    standing = require_open(events, run)
    effects = fold_effects(events, run.environment)
    plan = plan_of(runtime.ledger, subject)
    if run.stage == WHOLE and not _is_live(events, _standings(events, run.environment)):
        raise StageIncomplete(stage=run.stage, missing=LAST)
    missing = [step.key for step in plan.of(run.stage) if step.effect and not in_force(effects.get(step.key))]
    missing += [
        s.name for s in stage_definition(run.stage).steps if not s.effect and standing.facts.get(s.name) != "pass"
    ]
    if missing:
        raise StageIncomplete(stage=run.stage, missing=", ".join(missing[:8]))
    where = {"environment": run.environment, "stage": run.stage, "attempt": standing.attempt}
    closed = [NewEvent("stage.closed", where)]
    if run.stage == LAST:
        live = {"environment": run.environment, "plan": plan.digest, "artifacts": artifacts_of(subject.manifest)}
        closed.append(NewEvent("release.live", live))
    return closed


def roll_back_stage(runtime: Runtime) -> RollbackReport:
    """Compensates what this run's stage left in force, unless it is closed or returned; asked again, nothing."""
    run, ledger = runtime.run, runtime.ledger
    standing = fold_stages(ledger.read(release_stream(run.release))).get((run.environment, run.stage))
    if standing is None or standing.run_id != run.run_id or standing.state is not StageState.OPEN:
        runtime.say(text("stages.nothing_to_undo", "en"))
        return RollbackReport("nothing")
    subject = load_subject(ledger, run.release, run.environment)
    gate = gate_standing(runtime, standing, subject)
    if gate.state is GateState.RETURNED and gate.decision is not None:
        return _returned(runtime, standing, gate.decision.reason)
    effects = _effects(runtime, (run.stage,))
    cause = gate.decision.reason if gate.decision is not None else ""
    return _compensate(
        runtime,
        effects,
        (standing,),
        "stopped" if gate.state is GateState.STOPPED and not effects else "rolled_back",
        cause,
        run.stage,
    )


def roll_back_release(runtime: Runtime, reason: str = "") -> RollbackReport:
    """Compensates all stages of the release in the environment, newest first.

    As the release's own teardown it does nothing for a release that is live or was returned; on demand (the stage
    ``rollback``) it takes a live one back too. Raises ``NotServing`` when another release has gone live over it.
    """
    run, ledger = runtime.run, runtime.ledger
    events = ledger.read(release_stream(run.release))
    standings = _standings(events, run.environment)
    on_demand = run.stage == ROLLBACK.name
    if on_demand:
        require_open(events, run)
    elif not _may_take_back(run, standings):
        runtime.say(text("stages.nothing_to_undo", "en"))
        return RollbackReport("nothing")
    live = serving(ledger, run.environment)
    if _is_live(events, standings) and live is not None and live.data["release"] != run.release:
        raise NotServing(release=run.release, environment=run.environment, serving=live.data["release"])
    effects = _effects(runtime, tuple(STAGES))
    open_or_closed = tuple(
        s
        for s in standings
        if s.state in {StageState.OPEN, StageState.CLOSED, StageState.QUARANTINED} and s.stage != ROLLBACK.name
    )
    if not effects and not open_or_closed:
        return RollbackReport("nothing")
    return _compensate(runtime, effects, open_or_closed, "rolled_back", reason, "release")


def _may_take_back(run: Run, standings: Sequence[StageStanding]) -> bool:
    """Whether this run of ``release`` is the one that stands open, so that its end is the release's end.

    A second run that was refused must not take back what the first is doing; a returned release keeps what it has.
    """
    mine = next((s for s in standings if s.stage == WHOLE and s.run_id == run.run_id), None)
    if mine is None or mine.state is not StageState.OPEN:
        return False
    return not any(s.state is StageState.RETURNED and s.plan == mine.plan for s in standings)


def _standings(events: Sequence[Event], environment: str) -> list[StageStanding]:
    return [standing for (where, _), standing in fold_stages(events).items() if where == environment]


def _is_live(events: Sequence[Event], standings: Sequence[StageStanding]) -> bool:
    return any(s.stage == LAST and s.state is StageState.CLOSED for s in standings)


def _effects(runtime: Runtime, stages: tuple[str, ...]) -> tuple[Effect, ...]:
    events = runtime.ledger.read(release_stream(runtime.run.release))
    effects = fold_effects(events, runtime.run.environment).values()
    return leaving_traces(effect for effect in effects if effect.stage in stages)


def _returned(runtime: Runtime, standing: StageStanding, reason: str) -> RollbackReport:
    where = {"environment": standing.environment, "stage": standing.stage, "attempt": standing.attempt}
    events = [
        NewEvent("stage.returned", {**where, "reason": reason}),
        NewEvent("release.returned", {"environment": standing.environment, "reason": reason}),
    ]
    _end(runtime, (standing,), events)
    return RollbackReport("returned")


def _compensate(
    runtime: Runtime,
    effects: Sequence[Effect],
    standings: Sequence[StageStanding],
    outcome: str,
    reason: str,
    scope: str,
) -> RollbackReport:
    """Fences, undoes, and records how it ended. Raises ``RollbackFailed`` after quarantining."""
    run = runtime.run
    began = {"environment": run.environment, "scope": scope, "run_id": run.run_id, "reason": reason}
    runtime.ledger.record(release_stream(run.release), NewEvent("rollback.began", began))
    result = undo_all(runtime, effects)
    failed = result.failed
    ended = "quarantined" if failed else outcome
    events = [
        NewEvent(
            f"stage.{ended}",
            {
                "environment": s.environment,
                "stage": s.stage,
                "attempt": s.attempt,
                "reason": reason,
                "detail": ", ".join(failed),
            },
        )
        for s in standings
    ]
    if failed:
        events.append(_incident(runtime, failed))
    elif scope == "release":
        withdrawn(runtime.ledger, run.environment, run.release)
        events.append(NewEvent("release.rolled_back", {"environment": run.environment, "reason": reason}))
    _end(runtime, standings, events)
    if failed:
        raise RollbackFailed(release=run.release, environment=run.environment, targets=", ".join(failed))
    return RollbackReport(ended, result.undone)


def _incident(runtime: Runtime, failed: Sequence[str]) -> NewEvent:
    run = runtime.run
    data = {
        "environment": run.environment,
        "incident": f"{run.release}-{run.environment}-rollback",
        "title": text("stages.incident_rollback", "ko", release=run.release, environment=run.environment),
        "priority": "P1",
        "detail": ", ".join(failed),
    }
    return NewEvent("incident.opened", data)


def _end(runtime: Runtime, standings: Sequence[StageStanding], events: Sequence[NewEvent]) -> None:
    """Appends the ends once: a second rollback that comes to the same end adds nothing."""
    ended = {(s.environment, s.stage): s.attempt for s in standings}

    def once(seen: Sequence[Event], now: datetime) -> list[NewEvent]:
        stages = fold_stages(seen)
        moved = [
            e
            for e in events
            if not e.kind.startswith("stage.") or _changes(stages.get((e.data["environment"], e.data["stage"])), e)
        ]
        return moved if any(e.kind.startswith("stage.") for e in moved) or not ended else []

    runtime.ledger.append(release_stream(runtime.run.release), once)
    tell(runtime)


def _changes(standing: StageStanding | None, event: NewEvent) -> bool:
    return (
        standing is not None
        and standing.attempt == event.data["attempt"]
        and f"stage.{standing.state.value}" != event.kind
    )


def check_verdict(runtime: Runtime) -> None:
    """Returns only if the ledger says that the run's stage is closed. Else raises ``StageNotClosed``."""
    run = runtime.run
    standing = fold_stages(runtime.ledger.read(release_stream(run.release))).get((run.environment, run.stage))
    if standing is None or standing.state is not StageState.CLOSED:
        state = standing.state.value if standing else "-"
        raise StageNotClosed(stage=run.stage, release=run.release, environment=run.environment, state=state)


def stands_closed(runtime: Runtime) -> bool:
    """Whether the run's stage stands closed for the newest submission's plan."""
    subject = load_subject(runtime.ledger, runtime.run.release, runtime.run.environment)
    return closed_for(runtime, plan_of(runtime.ledger, subject))
