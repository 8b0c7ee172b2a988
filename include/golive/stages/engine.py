"""Intent → effect → outcome, for all targets of a step; and what is only looked at, recorded as facts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from golive.canonical import canonical
from golive.checks.values import Result, Verdict
from golive.errors import RefusedError
from golive.hosts.fleet import each
from golive.ledger.events import Event, NewEvent, release_stream
from golive.release.plan import Plan, PlannedStep
from golive.stages.admission import Admission, require_open, stands
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import REPEATABLE, step_definition
from golive.stages.definition import StepDefinition, fence_target
from golive.stages.effects import State, fold_effects
from golive.stages.errors import CheckFailed, Overtaken, RunEnded, StepFailed, StepUnknown
from golive.stages.fencing import hand_back, take
from golive.stages.jobs import Done, Job
from golive.stages.runtime import Runtime
from golive.stages.standing import StageState, fold_stages
from golive.stages.subject import Subject, plan_of, scope_of, subject_of_run
from golive.stages.workers import perform
from golive.texts import text


@dataclass(frozen=True)
class StepReport:
    """What came of a step, a line for each target or check."""

    step: str
    lines: tuple[str, ...]


def run_step(runtime: Runtime, step: str) -> StepReport:
    """Carries out one step of the run's stage on all its targets.

    Effects that are in force already are left alone. Raises ``RefusedError`` leaves before anything happened,
    ``StepFailed`` or ``CheckFailed`` when trying again would say the same, ``StepUnknown`` when it may not.
    """
    definition = step_definition(runtime.run.stage, step)
    subject = subject_of_run(runtime.ledger, runtime.run)
    plan = plan_of(runtime.ledger, subject)
    steps = tuple(plan.of(runtime.run.stage, step))
    if closed_for(runtime, plan):
        return StepReport(step, tuple(_say(runtime, "done_before", item) for item in steps))
    if not runtime.alive():
        raise RunEnded()
    if definition.observe is not None:
        return _observe(runtime, definition, subject, steps)
    if not steps:
        return StepReport(step, ())
    tokens = _admitted(runtime, definition, Admission(runtime.run, subject, plan, steps, {}))
    return _act(runtime, definition, subject, steps, tokens)


def _admitted(runtime: Runtime, definition: StepDefinition, admission: Admission) -> Mapping[str, int]:
    """Records the intents under leases of all targets; the token of each. Refused, it leaves no lease behind.

    What failed before is tried again under a higher token: whoever still tries the failed attempt is fenced off.
    """
    ledger, run, steps = runtime.ledger, runtime.run, admission.steps
    stream = release_stream(run.release)
    events = ledger.read(stream)
    admission.decide(events, ledger.now())
    effects = fold_effects(events, run.environment)
    failed = [step for step in steps if step.key in effects and effects[step.key].state is State.FAILED]
    places = {step.target: fence_target(definition, admission.subject.environment, step.target) for step in steps}
    renewed = leased(failed, places)
    taken = take(ledger, run.environment, leased(steps, places), run.release, renewed)
    tokens = {target: taken.tokens.get(place, 0) for target, place in places.items()}
    try:
        ledger.append(stream, replace(admission, tokens=tokens).decide)
    except RefusedError:
        hand_back(ledger, run.environment, run.release, taken)
        raise
    return tokens


def leased(steps: Sequence[PlannedStep], places: Mapping[str, str]) -> frozenset[str]:
    """What must be held for these steps: their targets, and where they run."""
    return frozenset({name for step in steps for name in (step.target, places[step.target])} - {"release"})


def closed_for(runtime: Runtime, plan: Plan) -> bool:
    """Whether the run's stage stands closed for this plan: then every step of it is done, whoever asks."""
    events = runtime.ledger.read(release_stream(runtime.run.release))
    standing = fold_stages(events).get((runtime.run.environment, runtime.run.stage))
    if standing is None or standing.state is not StageState.CLOSED:
        return False
    if runtime.run.stage in REPEATABLE:
        return standing.run_id == runtime.run.run_id
    return standing.plan == plan.digest


def _act(
    runtime: Runtime,
    definition: StepDefinition,
    subject: Subject,
    steps: tuple[PlannedStep, ...],
    tokens: Mapping[str, int],
) -> StepReport:
    events = runtime.ledger.read(release_stream(runtime.run.release))
    effects = fold_effects(events, runtime.run.environment)
    waiting = [(step, effects[step.key].operation) for step in steps if not stands(effects[step.key], step)]
    done_before = [_say(runtime, "done_before", step) for step in steps if stands(effects[step.key], step)]
    results = asyncio.run(_perform_all(runtime, definition, subject, waiting, tokens))
    lines = [_show(runtime, step, done) for step, done in results]
    _raise_for(definition.name, results)
    return StepReport(definition.name, (*done_before, *lines))


async def _perform_all(
    runtime: Runtime,
    definition: StepDefinition,
    subject: Subject,
    waiting: Sequence[tuple[PlannedStep, str]],
    tokens: Mapping[str, int],
) -> list[tuple[PlannedStep, Done]]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    if definition.work is None:
        raise TypeError(definition.name)
    jobs = []
    for step, operation in waiting:
        place = fence_target(definition, scope.environment, step.target)
        # The token is this worker's, not the intent's: whoever attaches must hold the lease now.
        jobs.append((step, Job(operation, tokens[step.target], step.target, place, definition.work(scope, step))))
    async with bench(runtime, scope) as tools:
        return await each(lambda item: _one(runtime, tools, *item), jobs)


async def _one(runtime: Runtime, tools: Bench, step: PlannedStep, job: Job) -> tuple[PlannedStep, Done]:
    done = await perform(tools, job)
    await asyncio.to_thread(_record, runtime, job.operation, done)
    return step, done


_OUTCOME = {"done": "in_force", "failed": "failed", "unknown": "unknown"}


def _record(runtime: Runtime, operation: str, done: Done) -> None:
    if done.outcome not in _OUTCOME:
        return
    data = {
        "environment": runtime.run.environment,
        "operation": operation,
        "outcome": _OUTCOME[done.outcome],
        "exit_status": done.exit_status,
        "detail": done.detail,
    }
    runtime.ledger.record(release_stream(runtime.run.release), NewEvent("effect.recorded", data))


def _show(runtime: Runtime, step: PlannedStep, done: Done) -> str:
    """One target's outcome, and what it said, as a group of the log."""
    name = f"{step.stage}.{step.step}"
    title = text("stages.finished", "en", step=name, target=step.target, outcome=done.outcome)
    runtime.group(title, done.detail.splitlines())
    return title


def _say(runtime: Runtime, key: str, step: PlannedStep, **data: str) -> str:
    name = f"{step.stage}.{step.step}"
    line = text(f"stages.{key}", "en", step=name, target=step.target, **data)
    runtime.say(line)
    return line


def _raise_for(step: str, results: Sequence[tuple[PlannedStep, Done]]) -> None:
    for outcome, error in (("refused", Overtaken), ("failed", StepFailed), ("unknown", StepUnknown)):
        bad = [(item.target, done.detail) for item, done in results if done.outcome == outcome]
        if bad:
            raise error(step=step, targets=", ".join(t for t, _ in bad), detail="; ".join(d for _, d in bad)[:1000])


def _observe(
    runtime: Runtime, definition: StepDefinition, subject: Subject, steps: tuple[PlannedStep, ...]
) -> StepReport:
    stream = release_stream(runtime.run.release)
    require_open(runtime.ledger.read(stream), runtime.run)
    verdicts = asyncio.run(_look(runtime, definition, subject, steps))
    for verdict in verdicts:
        runtime.say(f"{verdict.name}: {verdict.result} {verdict.detail}".strip())
    result = worst(verdicts)
    _record_facts(runtime, definition.name, verdicts, result)
    if result is not Result.PASS:
        bad = "; ".join(f"{v.name}: {v.detail}" for v in verdicts if v.result is not Result.PASS)
        raise (CheckFailed if result is Result.FAIL else StepUnknown)(
            step=definition.name, targets="-", detail=bad[:1500]
        )
    return StepReport(definition.name, tuple(f"{v.name}: {v.detail}" for v in verdicts))


async def _look(
    runtime: Runtime, definition: StepDefinition, subject: Subject, steps: tuple[PlannedStep, ...]
) -> tuple[Verdict, ...]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    if definition.observe is None:
        raise TypeError(definition.name)
    async with bench(runtime, scope) as tools:
        return await definition.observe(tools, steps)


def worst(verdicts: Sequence[Verdict]) -> Result:
    """Fail before inconclusive before pass; nothing looked at is inconclusive."""
    results = {verdict.result for verdict in verdicts} or {Result.INCONCLUSIVE}
    return next(result for result in (Result.FAIL, Result.INCONCLUSIVE, Result.PASS) if result in results)


def _record_facts(runtime: Runtime, step: str, verdicts: Sequence[Verdict], result: Result) -> None:
    content = canonical(
        [{"name": v.name, "result": v.result.value, "detail": v.detail, "measured": v.measured} for v in verdicts]
    )
    evidence = runtime.ledger.store(content, "application/json")
    found = [*((v.name, v.result, v.detail) for v in verdicts), (step, result, "")]

    def facts(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        attempt = require_open(events, runtime.run).attempt
        where = {"environment": runtime.run.environment, "stage": runtime.run.stage, "attempt": attempt}
        rest = [{"name": n, "verdict": r.value, "evidence": evidence, "detail": detail} for n, r, detail in found]
        return [NewEvent("fact.recorded", {**where, **data}) for data in rest]

    runtime.ledger.append(release_stream(runtime.run.release), facts)
