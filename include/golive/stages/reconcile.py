"""Finds intents that no living run will close, asks their targets, and closes them in the record."""

import asyncio

from golive.errors import GoliveError
from golive.hosts.values import Status
from golive.ledger.events import NewEvent, release_stream
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import step_definition
from golive.stages.definition import fence_target
from golive.stages.effects import Effect, State, fold_effects
from golive.stages.runtime import Runtime
from golive.stages.subject import Subject, scope_of


def reconcile(runtime: Runtime, subject: Subject) -> tuple[str, ...]:
    """Probes every effect of the environment that has no known outcome; says what it found, a line each.

    A running operation is left to run and an unreachable host stays unknown: the step that needs it attaches to it.
    """
    events = runtime.ledger.read(release_stream(runtime.run.release))
    effects = fold_effects(events, runtime.run.environment).values()
    loose = [
        effect for effect in effects if effect.state in {State.OPEN, State.UNKNOWN} and _abandoned(runtime, effect)
    ]
    return asyncio.run(_reconcile(runtime, subject, loose)) if loose else ()


def _abandoned(runtime: Runtime, effect: Effect) -> bool:
    """Nobody will close it: its run is not this one, and has ended."""
    return effect.run_id != runtime.run.run_id and not runtime.lives(effect.stage, effect.run_id)


async def _reconcile(runtime: Runtime, subject: Subject, loose: list[Effect]) -> tuple[str, ...]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    async with bench(runtime, scope) as tools:
        found = await asyncio.gather(*(_one(runtime, tools, effect) for effect in loose))
    return tuple(line for line in found if line)


async def _one(runtime: Runtime, tools: Bench, effect: Effect) -> str:
    place = fence_target(step_definition(effect.stage, effect.step), tools.scope.environment, effect.target)
    if not place.startswith("host:"):
        return ""
    try:
        host = await tools.host(place.removeprefix("host:"))
        outcome = await host.status(effect.operation)
    except (GoliveError, KeyError) as error:
        return f"{effect.key}: {error}"
    if outcome.status is Status.ABSENT:
        await asyncio.to_thread(_close, runtime, effect, "failed", "never started")
        return f"{effect.key}: never started"
    return f"{effect.key}: {outcome.status}"


def _close(runtime: Runtime, effect: Effect, outcome: str, detail: str) -> None:
    data = {
        "environment": runtime.run.environment,
        "operation": effect.operation,
        "outcome": outcome,
        "exit_status": None,
        "detail": detail,
    }
    runtime.ledger.record(release_stream(runtime.run.release), NewEvent("effect.recorded", data))
