"""Ending a stage or a release early: returned, stopped, rolled back, or quarantined with an open incident.

One rollback of a release in an environment goes on at a time. What it takes back is read after its beginning is on
record: from then on no step of those stages is admitted, so nothing can slip in between.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.approvals.values import Signature
from golive.approvals.values import State as GateState
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.stages import incidents
from golive.stages.admission import require_open
from golive.stages.catalogue import STAGES, WHOLE
from golive.stages.closing import is_live
from golive.stages.effects import fold_effects
from golive.stages.errors import NotServing, RollbackFailed
from golive.stages.fencing import give_back, one_at_a_time
from golive.stages.gates import gate_standing
from golive.stages.live import gone_over, withdrawn
from golive.stages.on_demand import ROLLBACK
from golive.stages.rollback import leaving_traces, undo_all
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import StageStanding, StageState, fold_stages
from golive.stages.subject import load_told
from golive.stages.telling import tell
from golive.texts import text

_GOES_ON = frozenset({StageState.OPEN, StageState.QUARANTINED})
"""States of a run's own stage in which its rollback has something to do."""

_TO_END = frozenset({StageState.OPEN, StageState.CLOSED, StageState.QUARANTINED})
"""States of other stages that end with a rollback that reaches them."""

_RELEASE = "release"


@dataclass(frozen=True)
class RollbackReport:
    """What a rollback came to. ``outcome``: nothing, returned, stopped, rolled_back or quarantined. ``left``: the
    keys of the effects that lie on targets that were given up."""

    outcome: str
    undone: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def roll_back_stage(runtime: Runtime) -> RollbackReport:
    """Compensates what this run's stage left in force, and what an earlier round had built on it.

    Does nothing when the stage is closed, returned or another run's. Raises ``RollbackFailed`` after quarantining.
    """
    standing = _own(runtime)
    if standing is None:
        return _nothing(runtime)
    gate = gate_standing(runtime, standing)
    if gate.state is GateState.RETURNED and gate.decision is not None:
        return _returned(runtime, standing, gate.decision)
    names = tuple(STAGES)
    stages = names[names.index(standing.stage) :]
    reason = gate.decision.reason if gate.decision is not None else ""
    with one_at_a_time(runtime):
        if not _begin(runtime, standing.stage, stages, reason):
            return _nothing(runtime)
        quiet = gate.state is GateState.STOPPED and not _effects(runtime, stages)
        return _compensate(runtime, stages, standing.stage, "stopped" if quiet else "rolled_back", reason)


def roll_back_release(runtime: Runtime, reason: str = "") -> RollbackReport:
    """Compensates all stages of the release in the environment, newest first.

    As the release's own teardown it does nothing for a release that is live or was returned; on demand (the stage
    ``rollback``) it takes a live one back too. Raises ``NotServing`` when another release has gone live over it, and
    ``RollbackFailed`` after quarantining.
    """
    run, ledger = runtime.run, runtime.ledger
    events = ledger.read(release_stream(run.release))
    if run.stage == ROLLBACK.name:
        require_open(events, run)
        over = gone_over(ledger.read(environment_stream(run.environment)), run.release)
        if over is not None:
            raise NotServing(release=run.release, environment=run.environment, serving=over)
    else:
        own = _own(runtime)
        if own is None or is_live(events, run.environment):
            return _nothing(runtime)
        if _was_returned(events, own):
            return _returned(runtime, own, None)
    stages = (*STAGES, WHOLE)
    with one_at_a_time(runtime):
        if not _begin(runtime, _RELEASE, stages, reason):
            # Nothing is in force: a lease that a lost worker left would only keep others out.
            give_back(ledger, run.environment, run.release)
            return _nothing(runtime)
        return _compensate(runtime, stages, _RELEASE, "rolled_back", reason)


def _own(runtime: Runtime) -> StageStanding | None:
    """The run's own stage, if its rollback has something to do."""
    return _goes_on(runtime.ledger.read(release_stream(runtime.run.release)), runtime.run)


def _goes_on(events: Sequence[Event], run: Run) -> StageStanding | None:
    standing = fold_stages(events).get((run.environment, run.stage))
    mine = standing is not None and standing.run_id == run.run_id and standing.state in _GOES_ON
    return standing if mine else None


def _nothing(runtime: Runtime) -> RollbackReport:
    runtime.say(text("stages.nothing_to_undo", "en"))
    return RollbackReport("nothing")


def _was_returned(events: Sequence[Event], own: StageStanding) -> bool:
    """Whether a stage of this very submission was returned; one of an earlier round does not count any more."""
    return any(
        standing.state is StageState.RETURNED and standing.plan == own.plan
        for (environment, _), standing in fold_stages(events).items()
        if environment == own.environment
    )


def _begin(runtime: Runtime, scope: str, stages: Sequence[str], reason: str) -> bool:
    """Puts the beginning on record, if there is still something to end; whether it did."""
    run = runtime.run
    data = {"environment": run.environment, "scope": scope, "stages": list(stages), "reason": reason}

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        if run.stage == ROLLBACK.name:
            require_open(events, run)
            traces = leaving_traces(fold_effects(events, run.environment).values())
            wanted = bool(traces or _to_end(events, run.environment, stages))
        else:
            wanted = _goes_on(events, run) is not None
        return [NewEvent("rollback.began", {**data, "run_id": run.run_id})] if wanted else []

    return bool(runtime.ledger.append(release_stream(run.release), decide))


def _effects(runtime: Runtime, stages: Collection[str]) -> bool:
    effects = fold_effects(runtime.ledger.read(release_stream(runtime.run.release)), runtime.run.environment)
    return bool(leaving_traces(effect for effect in effects.values() if effect.stage in stages))


def _to_end(events: Sequence[Event], environment: str, stages: Collection[str]) -> tuple[StageStanding, ...]:
    return tuple(
        standing
        for (where, stage), standing in fold_stages(events).items()
        if where == environment and stage in stages and standing.state in _TO_END
    )


def _compensate(runtime: Runtime, stages: Sequence[str], scope: str, outcome: str, reason: str) -> RollbackReport:
    """Undoes, and records how it ended. Raises ``RollbackFailed`` after quarantining."""
    run, ledger = runtime.run, runtime.ledger
    events = ledger.read(release_stream(run.release))
    effects = [effect for effect in fold_effects(events, run.environment).values() if effect.stage in stages]
    standings = _to_end(events, run.environment, stages)
    result = undo_all(runtime, leaving_traces(effects))
    locale = load_told(ledger, run.release, run.environment).manifest.locale
    if result.failed:
        end = End("quarantined", reason, ", ".join(result.failed))
        _record(runtime, standings, end, lambda events, _moved: incidents.opened(events, run, locale, result.failed))
        raise RollbackFailed(release=run.release, environment=run.environment, targets=", ".join(result.failed))
    if scope == _RELEASE:
        withdrawn(ledger, run.environment, run.release)
    give_back(ledger, run.environment, run.release)

    def after(events: Sequence[Event], moved: bool) -> list[NewEvent]:
        whole = scope == _RELEASE and (moved or result.undone)
        told = [NewEvent("release.rolled_back", {"environment": run.environment, "reason": reason})] if whole else []
        if result.left:
            return [*incidents.left_behind(events, run, locale, result.left), *told]
        return [*incidents.closed(events, run, stages, reason), *told]

    detail = text("stages.left_behind", locale, keys=", ".join(result.left)) if result.left else ""
    _record(runtime, standings, End(outcome, reason, detail), after)
    return RollbackReport(outcome, result.undone, (), result.left)


def _returned(runtime: Runtime, standing: StageStanding, decision: Signature | None) -> RollbackReport:
    """Nothing is compensated; the targets are free for others until the release comes back."""
    run = runtime.run
    reason = decision.reason if decision else ""
    told = {"environment": run.environment, "reason": reason}
    give_back(runtime.ledger, run.environment, run.release)
    _record(
        runtime,
        (standing,),
        End("returned", reason),
        lambda _events, moved: [NewEvent("release.returned", told)] if moved and decision else [],
    )
    return RollbackReport("returned")


@dataclass(frozen=True)
class End:
    """How stages ended, as their events say it."""

    state: str
    reason: str = ""
    detail: str = ""


After = Callable[[Sequence[Event], bool], list[NewEvent]]
"""What follows the ends, given the events and whether any stage ended."""


def _record(runtime: Runtime, standings: Sequence[StageStanding], end: End, after: After) -> None:
    """Appends the ends, once: who comes to the same end again adds nothing."""

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        moved = ends(events, standings, end)
        return [*moved, *after(events, bool(moved))]

    runtime.ledger.append(release_stream(runtime.run.release), decide)
    tell(runtime)


def ends(events: Sequence[Event], standings: Sequence[StageStanding], end: End) -> list[NewEvent]:
    """An event for each attempt that stands and has not ended this way yet."""
    now = fold_stages(events)
    still = [s for s in standings if _stands(now.get((s.environment, s.stage)), s, end.state)]
    facts = {"reason": end.reason, "detail": end.detail}
    return [
        NewEvent(
            f"stage.{end.state}",
            {"environment": s.environment, "stage": s.stage, "attempt": s.attempt, **facts},
        )
        for s in still
    ]


def _stands(now: StageStanding | None, then: StageStanding, state: str) -> bool:
    return now is not None and now.attempt == then.attempt and now.state.value != state
