"""Finds intents that no living run will close, asks their targets, and closes them in the record."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from golive.errors import GoliveError
from golive.hosts.values import Status
from golive.ledger.events import Event, NewEvent, release_stream
from golive.release.environment import Environment
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import step_definition
from golive.stages.definition import fence_target
from golive.stages.effects import UNSETTLED, Effect, State, fold_effects
from golive.stages.fencing import take
from golive.stages.runtime import Runtime
from golive.stages.subject import Subject, scope_of

_LOOSE = frozenset({State.OPEN, State.UNKNOWN})


def reconcile(runtime: Runtime, subject: Subject) -> tuple[str, ...]:
    """Probes every effect of the environment that has no known outcome; says what it found, a line each.

    The hosts are fenced first, so that what never started never will. A running operation is left to run and an
    unreachable host stays unknown: the step that needs it attaches to it. Raises ``LeaseHeld``.
    """
    events = runtime.ledger.read(release_stream(runtime.run.release))
    effects = fold_effects(events, runtime.run.environment).values()
    loose = [effect for effect in effects if effect.state in _LOOSE and _abandoned(runtime, effect)]
    hosts = {effect.key: _host(subject.environment, effect) for effect in loose}
    on_hosts = [effect for effect in loose if hosts[effect.key]]
    return asyncio.run(_reconcile(runtime, subject, on_hosts, hosts)) if on_hosts else ()


def unsettled(runtime: Runtime) -> tuple[str, ...]:
    """``release: key`` of every effect in the run's environment, of any release, that nobody who lives will close."""
    prefix = release_stream("")
    return tuple(
        f"{stream.removeprefix(prefix)}: {effect.key}"
        for stream in runtime.ledger.streams(prefix)
        for effect in fold_effects(runtime.ledger.read(stream), runtime.run.environment).values()
        if effect.state in UNSETTLED and not runtime.lives(effect.stage, effect.run_id)
    )


def _abandoned(runtime: Runtime, effect: Effect) -> bool:
    """Nobody will close it: its run is not this one, and has ended."""
    return effect.run_id != runtime.run.run_id and not runtime.lives(effect.stage, effect.run_id)


def _host(environment: Environment, effect: Effect) -> str:
    """The host that knows an effect; empty for one elsewhere, or on a host that is not there any more."""
    try:
        place = fence_target(step_definition(effect.stage, effect.step), environment, effect.target)
    except KeyError:
        return ""
    kind, _, name = place.partition(":")
    return name if kind == "host" and name in environment.hosts else ""


async def _reconcile(
    runtime: Runtime, subject: Subject, loose: Sequence[Effect], hosts: Mapping[str, str]
) -> tuple[str, ...]:
    places = {f"host:{hosts[effect.key]}" for effect in loose}
    run = runtime.run
    taken = await asyncio.to_thread(take, runtime.ledger, run.environment, places, run.release, places)
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    async with bench(runtime, scope) as tools:
        jobs = (_one(runtime, tools, e, hosts[e.key], taken.tokens[f"host:{hosts[e.key]}"]) for e in loose)
        return tuple(await asyncio.gather(*jobs))


async def _one(runtime: Runtime, tools: Bench, effect: Effect, name: str, token: int) -> str:
    try:
        host = await tools.host(name)
        await host.raise_fence(token)
        outcome = await host.status(effect.operation)
    except GoliveError as error:
        return f"{effect.key}: {error}"
    if outcome.status is Status.ABSENT:
        await asyncio.to_thread(_close, runtime, effect)
        return f"{effect.key}: never started"
    return f"{effect.key}: {outcome.status}"


def _close(runtime: Runtime, effect: Effect) -> None:
    data = {
        "environment": runtime.run.environment,
        "operation": effect.operation,
        "outcome": "failed",
        "exit_status": None,
        "detail": "never started",
    }

    def if_still_loose(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        known = fold_effects(events, runtime.run.environment)[effect.key]
        still = known.operation == effect.operation and known.state in _LOOSE
        return [NewEvent("effect.recorded", data)] if still else []

    runtime.ledger.append(release_stream(runtime.run.release), if_still_loose)
