"""Takes back what may have left traces, by the ledger: newest first, fenced, retried, never called done if it is not.

The rollback takes the leases with a higher token, writes that token on every target, ends what still runs with a lower
one, and only then compensates. It ends ``rolled_back``, or ``quarantined`` with an open incident.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from golive.errors import GoliveError
from golive.ledger.errors import LeaseHeld
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.ledger.leases import current, release_lease, take_lease
from golive.release.plan import PlannedStep
from golive.stages import database_worker
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import step_definition
from golive.stages.definition import Scope, fence_target
from golive.stages.effects import MAY_LEAVE_TRACES, Effect, undo_id
from golive.stages.runtime import Runtime
from golive.stages.subject import load_submission, scope_of
from golive.stages.workers import Done, Job, perform
from golive.texts import text

TRIES = 3
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Undone:
    """What came of the compensations: each effect's key and what its target said."""

    undone: tuple[str, ...]
    failed: tuple[str, ...]


def leaving_traces(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """The effects that a rollback must compensate, newest first."""
    found = [effect for effect in effects if effect.state in MAY_LEAVE_TRACES]
    return tuple(sorted(found, key=lambda effect: effect.sequence, reverse=True))


def undo_all(runtime: Runtime, effects: Sequence[Effect]) -> Undone:
    """Compensates ``effects`` in the order given, a step at a time, its hosts in parallel."""
    results: list[tuple[Effect, Done]] = []
    submissions = {(effect.manifest, effect.inventory) for effect in effects}
    run = runtime.run
    scopes = {
        key: scope_of(runtime, load_submission(runtime.ledger, run.release, run.environment, *key))
        for key in submissions
    }
    _require_ours(runtime, _places(effects, scopes))
    tokens = take_lease(runtime.ledger, runtime.run.environment, _places(effects, scopes), _holder(runtime), force=True)
    for _, group in groupby(effects, key=lambda effect: (effect.manifest, effect.inventory, effect.stage, effect.step)):
        members = tuple(group)
        scope = scopes[(members[0].manifest, members[0].inventory)]
        results += asyncio.run(_undo_group(runtime, scope, members, tokens))
    failed = tuple(effect.key for effect, done in results if done.outcome != "done")
    if not failed:
        release_lease(runtime.ledger, runtime.run.environment, sorted(tokens), _holder(runtime))
    return Undone(tuple(effect.key for effect, done in results if done.outcome == "done"), failed)


def _require_ours(runtime: Runtime, targets: Sequence[str]) -> None:
    """A rollback takes the leases of its own release by force, never those of another. Raises ``LeaseHeld``."""
    events = runtime.ledger.read(environment_stream(runtime.run.environment))
    for target in targets:
        lease = current(events, target)
        if lease is not None and lease.holder not in {f"release/{runtime.run.release}", _holder(runtime)}:
            raise LeaseHeld(target=target, holder=lease.holder, token=lease.token)


def _holder(runtime: Runtime) -> str:
    return f"rollback/{runtime.run.release}"


def _place(scope: Scope, effect: Effect) -> str:
    return fence_target(step_definition(effect.stage, effect.step), scope.environment, effect.target)


def _places(effects: Sequence[Effect], scopes: Mapping[tuple[str, str], Scope]) -> list[str]:
    places = {_place(scopes[(effect.manifest, effect.inventory)], effect) for effect in effects}
    return sorted((places | {effect.target for effect in effects}) - {"release"})


async def _undo_group(
    runtime: Runtime, scope: Scope, effects: Sequence[Effect], tokens: Mapping[str, int]
) -> list[tuple[Effect, Done]]:
    return list(await asyncio.gather(*(_undo(runtime, scope, effect, tokens) for effect in effects)))


async def _undo(runtime: Runtime, scope: Scope, effect: Effect, tokens: Mapping[str, int]) -> tuple[Effect, Done]:
    done = Done("unknown")
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE_SECONDS * attempt)
        operation = await asyncio.to_thread(_intend, runtime, effect, tokens)
        # A bench of its own each time: after a lost connection a new one is what may help.
        async with bench(runtime, scope) as tools:
            done = await _try(tools, scope, effect, operation, tokens)
        await asyncio.to_thread(_record, runtime, effect, operation, done)
        if done.outcome == "done":
            break
    runtime.say(
        text(
            "stages.undone",
            "en",
            step=f"{effect.stage}.{effect.step}",
            target=effect.target,
            outcome=f"{done.outcome} {done.detail}".strip(),
        )
    )
    return effect, done


async def _try(tools: Bench, scope: Scope, effect: Effect, operation: str, tokens: Mapping[str, int]) -> Done:
    definition = step_definition(effect.stage, effect.step)
    place = _place(scope, effect)
    token = tokens.get(place, 0)
    try:
        await _fence(tools, scope, place, token)
    except GoliveError as error:
        return Done("unknown", str(error))
    if definition.undo is None:
        return Done("done", "kept on purpose")
    step = PlannedStep(effect.stage, effect.step, effect.target, effect.component, True, "", None, True)
    return await perform(
        tools, Job(operation, token, effect.target, place, definition.undo(scope, step), effect.operation)
    )


async def _fence(tools: Bench, scope: Scope, place: str, token: int) -> None:
    """From here on nothing with a lower token starts there, and what had started is ended."""
    kind, _, name = place.partition(":")
    if kind == "host":
        host = await tools.host(name)
        await host.raise_fence(token)
        for known in await host.operations():
            if known.token < token:
                await host.cancel(known.id)
    elif kind == "database":
        database = scope.environment.databases[name]
        connection = scope.connection(database.admin)
        await asyncio.to_thread(database_worker.raise_fence, connection, database.name, token)


def _intend(runtime: Runtime, effect: Effect, tokens: Mapping[str, int]) -> str:
    """Records the intent and gives its id: the same while its answer is missing, a new one after a failure."""
    stream = release_stream(runtime.run.release)
    number = 1 + sum(_is_failed_undo(event, effect.operation) for event in runtime.ledger.read(stream))
    operation = undo_id(effect.operation, number)
    data = {
        "environment": runtime.run.environment,
        "operation": operation,
        "undoes": effect.operation,
        "token": max(tokens.values(), default=0),
        "run_id": runtime.run.run_id,
    }

    def once(events: Sequence[Event], now: object) -> list[NewEvent]:
        seen = any(event.kind == "undo.intended" and event.data["operation"] == operation for event in events)
        return [] if seen else [NewEvent("undo.intended", data)]

    runtime.ledger.append(stream, once)
    return operation


def _is_failed_undo(event: Event, operation: str) -> bool:
    return event.kind == "undo.recorded" and event.data["undoes"] == operation and event.data["outcome"] == "failed"


_OUTCOME = {"done": "undone", "failed": "failed", "unknown": "unknown"}


def _record(runtime: Runtime, effect: Effect, operation: str, done: Done) -> None:
    data = {
        "environment": runtime.run.environment,
        "operation": operation,
        "undoes": effect.operation,
        "outcome": _OUTCOME[done.outcome],
        "exit_status": done.exit_status,
        "detail": done.detail,
    }
    runtime.ledger.record(release_stream(runtime.run.release), NewEvent("undo.recorded", data))
