"""May these effects happen now? Decided from the ledger, with the stream's head locked, just before they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from golive.approvals.gate import require_granted
from golive.approvals.line import line_for
from golive.approvals.standing import standing as gate_standing
from golive.approvals.values import Gate, Line
from golive.approvals.values import State as GateState
from golive.ledger.events import Event, NewEvent
from golive.release.manifest import Manifest
from golive.release.plan import Plan, PlannedStep
from golive.release.windows import is_open, next_opening
from golive.stages.effects import (
    HALF_UNDONE,
    SETTLED,
    Effect,
    Effects,
    State,
    fold_effects,
    next_generation,
    operation_id,
)
from golive.stages.errors import (
    GroundMissing,
    HalfUndone,
    NoApprovalLine,
    OutsideWindow,
    PromotionRefused,
    ProofMissing,
    RunEnded,
    StageNotOpen,
)
from golive.stages.promotion import PROMOTED, promotion_problems
from golive.stages.runtime import Run
from golive.stages.standing import StageStanding, StageState, fold_stages
from golive.stages.subject import Subject


@dataclass(frozen=True)
class Admission:
    """What a step wants to do: the planned instances, and the lease token of each target."""

    run: Run
    subject: Subject
    plan: Plan
    steps: tuple[PlannedStep, ...]
    tokens: Mapping[str, int]

    def decide(self, events: Sequence[Event], now: datetime) -> Sequence[NewEvent]:
        """The intents of everything not in force yet. Raises a ``RefusedError`` when something forbids it."""
        standing = require_open(events, self.run)
        require_same(standing, self.plan)
        gate, line = gate_of(standing, self.subject.manifest, self.run)
        require_granted(events, gate, line, now)
        require_window(self.subject, self.run, now)
        if self.run.stage in PROMOTED:
            require_promoted(events, self.subject, self.run)
        effects = fold_effects(events, self.run.environment)
        require_ground(self.plan, self.steps[0], effects, standing)
        require_whole(self.steps, effects)
        return [intent for step in self.steps for intent in self._intents(step, effects, standing)]

    def _intents(self, step: PlannedStep, effects: Effects, standing: StageStanding) -> list[NewEvent]:
        effect = effects.get(step.key)
        generation = next_generation(effect)
        if effect is not None and effect.generation == generation:
            return []
        return [NewEvent("effect.intended", self._data(step, generation, standing))]

    def _data(self, step: PlannedStep, generation: int, standing: StageStanding) -> dict[str, Any]:
        manifest = self.subject.manifest_digest
        return {
            "operation": operation_id(self.run.release, manifest, self.run.environment, step.key, generation),
            "key": step.key,
            "environment": self.run.environment,
            "stage": step.stage,
            "step": step.step,
            "target": step.target,
            "component": step.component,
            "generation": generation,
            "attempt": standing.attempt,
            "token": self.tokens.get(step.target, 0),
            "manifest": manifest,
            "inventory": self.subject.environment_digest,
            "inputs": step.inputs,
            "run_id": self.run.run_id,
        }


def require_open(events: Sequence[Event], run: Run) -> StageStanding:
    """The stage's latest attempt, if it is open and this run's. Raises ``StageNotOpen`` or ``RunEnded``."""
    standing = fold_stages(events).get((run.environment, run.stage))
    where = {"stage": run.stage, "release": run.release, "environment": run.environment}
    if standing is None or standing.run_id != run.run_id:
        raise StageNotOpen(**where, state=standing.run_id if standing else "-")
    if standing.state is not StageState.OPEN:
        raise StageNotOpen(**where, state=standing.state.value)
    if cancelled(events, run):
        raise RunEnded()
    return standing


def cancelled(events: Sequence[Event], run: Run | StageStanding) -> bool:
    """Whether a rollback that takes this run's stage back began after the stage was opened."""
    began = False
    for event in events:
        if event.data.get("environment") != run.environment:
            continue
        if event.kind == "rollback.began" and run.stage in event.data["stages"]:
            began = True
        elif event.kind == "stage.opened" and (event.data["stage"], event.data["run_id"]) == (run.stage, run.run_id):
            began = False
    return began


def require_same(standing: StageStanding, plan: Plan) -> None:
    """The plan that was opened is the plan that is carried out. Raises ``StageNotOpen``."""
    if standing.plan != plan.digest:
        where = {"stage": standing.stage, "release": plan.release, "environment": plan.environment}
        raise StageNotOpen(**where, state=f"plan {standing.plan[7:19]} ≠ {plan.digest[7:19]}")


def line_of(manifest: Manifest, run: Run) -> Line | None:
    """The line of a run's stage; None where nobody has to be asked. Raises ``NoApprovalLine`` where somebody has."""
    line = line_for(manifest, run.stage, run.environment)
    if line is None and manifest.needs_line(run.environment, run.stage):
        raise NoApprovalLine(stage=run.stage, environment=run.environment)
    return line


def gate_of(standing: StageStanding, manifest: Manifest, run: Run) -> tuple[Gate, Line]:
    """The gate of this attempt and its line. Raises ``NoApprovalLine`` where there is none."""
    line = line_for(manifest, run.stage, run.environment)
    if line is None:
        raise NoApprovalLine(stage=run.stage, environment=run.environment)
    gate = Gate(run.release, run.environment, run.stage, standing.attempt, standing.manifest, standing.plan)
    return gate, line


def require_signed(events: Sequence[Event], standing: StageStanding, manifest: Manifest, run: Run) -> None:
    """The whole line signed this very attempt, whenever that was. Raises ``NotApproved``, ``GateReturned``, ….

    Asked before a stage is closed: what an earlier round left in force needs no effect, and so asked no gate.
    """
    if line_of(manifest, run) is None:
        return
    gate, line = gate_of(standing, manifest, run)
    now = events[-1].at
    if any(gate_standing(events, gate, line, step.kind, now).state is not GateState.GRANTED for step in line.steps):
        require_granted(events, gate, line, now)


def require_promoted(events: Sequence[Event], subject: Subject, run: Run) -> None:
    """What is installed here stands live in the environment before, now. Raises ``PromotionRefused``."""
    problems = promotion_problems(
        events, subject.manifest, subject.manifest_digest, run.environment, subject.manifest.locale
    )
    if problems:
        raise PromotionRefused(release=run.release, environment=run.environment, reasons="; ".join(problems))


def require_window(subject: Subject, run: Run, now: datetime) -> None:
    """Raises ``OutsideWindow`` when the manifest names windows for this stage and none is open now."""
    zone = subject.environment.zone
    if is_open(subject.manifest, run.environment, run.stage, zone, now):
        return
    following = next_opening(subject.manifest, run.environment, run.stage, zone, now)
    raise OutsideWindow(
        stage=run.stage,
        environment=run.environment,
        opens=following.astimezone(zone).isoformat(timespec="minutes") if following else "-",
        timezone=subject.environment.timezone,
        now=now.astimezone(zone).isoformat(timespec="minutes"),
    )


def require_ground(plan: Plan, step: PlannedStep, effects: Effects, standing: StageStanding) -> None:
    """Every effect before this step is in force, and every check of this stage before it has passed."""
    missing, unproven = [], []
    for earlier in plan.steps:
        if (earlier.stage, earlier.step) == (step.stage, step.step):
            break
        if earlier.effect and not stands(effects.get(earlier.key), earlier):
            missing.append(earlier.key)
        if not earlier.effect and earlier.stage == step.stage and standing.facts.get(earlier.step) != "pass":
            unproven.append(earlier.step)
    if missing:
        raise GroundMissing(step=f"{step.stage}.{step.step}", missing=_some(missing))
    if unproven:
        raise ProofMissing(step=f"{step.stage}.{step.step}", missing=_some(sorted(set(unproven))))


def require_whole(steps: Sequence[PlannedStep], effects: Effects) -> None:
    """Nothing is begun on top of what is half taken back, or of what was made from other inputs.

    Raises ``HalfUndone`` or ``GroundMissing``; opening the stage again takes such effects back first.
    """
    there = {step: effects[step.key] for step in steps if step.key in effects}
    half = [step.key for step, effect in there.items() if effect.state in HALF_UNDONE]
    if half:
        raise HalfUndone(missing=_some(half))
    other = [step.key for step, effect in there.items() if effect.state not in SETTLED and effect.inputs != step.inputs]
    if other:
        raise GroundMissing(step=f"{steps[0].stage}.{steps[0].step}", missing=_some(other))


def stands(effect: Effect | None, step: PlannedStep) -> bool:
    """Whether a planned step's effect is in force, and made from what the plan says."""
    return effect is not None and effect.state is State.IN_FORCE and effect.inputs == step.inputs


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" (+{len(names) - most})" if len(names) > most else ""
    return ", ".join(names[:most]) + more
