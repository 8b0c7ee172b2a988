"""Intent → effect → outcome, for all targets of a step; and what is only looked at, recorded as facts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from golive.canonical import canonical
from golive.checks.values import Result, Verdict
from golive.ledger.events import NewEvent, release_stream
from golive.ledger.leases import take_lease
from golive.release.plan import Plan, PlannedStep
from golive.stages.admission import Admission, in_force, require_open
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import REPEATABLE, step_definition
from golive.stages.definition import Builder, Scope, StepDefinition, fence_target
from golive.stages.effects import Effect, fold_effects
from golive.stages.errors import CheckFailed, RunEnded, StepFailed, StepUnknown
from golive.stages.runtime import Runtime
from golive.stages.standing import StageState, fold_stages
from golive.stages.subject import Subject, load_subject, plan_of, scope_of
from golive.stages.workers import Done, Job, perform
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
    subject = load_subject(runtime.ledger, runtime.run.release, runtime.run.environment)
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
    tokens = take_lease(runtime.ledger, runtime.run.environment, leased(definition, steps, subject), holder(runtime))
    per_step = {
        item.target: tokens.get(fence_target(definition, subject.environment, item.target), 0) for item in steps
    }
    admission = Admission(runtime.run, subject, plan, steps, per_step)
    runtime.ledger.append(release_stream(runtime.run.release), admission.decide)
    return _act(runtime, definition, subject, steps)


def closed_for(runtime: Runtime, plan: Plan) -> bool:
    """Whether the run's stage stands closed for this plan: then every step of it is done, whoever asks."""
    events = runtime.ledger.read(release_stream(runtime.run.release))
    standing = fold_stages(events).get((runtime.run.environment, runtime.run.stage))
    if standing is None or standing.state is not StageState.CLOSED or standing.plan != plan.digest:
        return False
    return runtime.run.stage not in REPEATABLE or standing.run_id == runtime.run.run_id


def holder(runtime: Runtime) -> str:
    """Who holds the leases of a release's targets: the release, until it is live or rolled back."""
    return f"release/{runtime.run.release}"


def leased(definition: StepDefinition, steps: Sequence[PlannedStep], subject: Subject) -> list[str]:
    """The targets that need a lease."""
    places = {fence_target(definition, subject.environment, step.target) for step in steps}
    return sorted((places | {step.target for step in steps}) - {"release"})


def _act(runtime: Runtime, definition: StepDefinition, subject: Subject, steps: tuple[PlannedStep, ...]) -> StepReport:
    events = runtime.ledger.read(release_stream(runtime.run.release))
    effects = fold_effects(events, runtime.run.environment)
    waiting = [step for step in steps if not in_force(effects[step.key])]
    done_before = [_say(runtime, "done_before", step) for step in steps if in_force(effects[step.key])]
    results = asyncio.run(_perform_all(runtime, definition, subject, [(step, effects[step.key]) for step in waiting]))
    lines = [_say(runtime, "finished", step, outcome=f"{done.outcome} {done.detail}".strip()) for step, done in results]
    _raise_for(definition.name, results)
    return StepReport(definition.name, (*done_before, *lines))


async def _perform_all(
    runtime: Runtime, definition: StepDefinition, subject: Subject, work: Sequence[tuple[PlannedStep, Effect]]
) -> list[tuple[PlannedStep, Done]]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    if definition.work is None:
        raise TypeError(definition.name)
    jobs = [(step, _job(definition, definition.work, scope, step, effect)) for step, effect in work]
    async with bench(runtime, scope) as tools:
        return list(await asyncio.gather(*(_one(runtime, tools, step, job) for step, job in jobs)))


def _job(definition: StepDefinition, build: Builder, scope: Scope, step: PlannedStep, effect: Effect) -> Job:
    place = fence_target(definition, scope.environment, step.target)
    return Job(effect.operation, effect.token, step.target, place, build(scope, step))


async def _one(runtime: Runtime, tools: Bench, step: PlannedStep, job: Job) -> tuple[PlannedStep, Done]:
    done = await perform(tools, job)
    await asyncio.to_thread(_record, runtime, job.operation, done)
    return step, done


_OUTCOME = {"done": "in_force", "failed": "failed", "unknown": "unknown"}


def _record(runtime: Runtime, operation: str, done: Done) -> None:
    data = {
        "environment": runtime.run.environment,
        "operation": operation,
        "outcome": _OUTCOME[done.outcome],
        "exit_status": done.exit_status,
        "detail": done.detail,
    }
    runtime.ledger.record(release_stream(runtime.run.release), NewEvent("effect.recorded", data))


def _say(runtime: Runtime, key: str, step: PlannedStep, **data: str) -> str:
    name = f"{step.stage}.{step.step}"
    line = text(f"stages.{key}", "en", step=name, target=step.target, **data)
    runtime.say(line)
    return line


def _raise_for(step: str, results: Sequence[tuple[PlannedStep, Done]]) -> None:
    for outcome, error in (("failed", StepFailed), ("unknown", StepUnknown)):
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
    stream = release_stream(runtime.run.release)
    standing = require_open(runtime.ledger.read(stream), runtime.run)
    where = {"environment": runtime.run.environment, "stage": runtime.run.stage, "attempt": standing.attempt}
    single = [
        NewEvent(
            "fact.recorded",
            {**where, "name": v.name, "verdict": v.result.value, "evidence": evidence, "detail": v.detail},
        )
        for v in verdicts
    ]
    whole = NewEvent(
        "fact.recorded", {**where, "name": step, "verdict": result.value, "evidence": evidence, "detail": ""}
    )
    runtime.ledger.record(stream, *single, whole)
