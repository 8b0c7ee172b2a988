"""Takes back what may have left traces, by the ledger: newest first, fenced, retried, never called done if it is not.

The rollback takes the leases with a higher token, writes that token on every target, ends what still runs with a lower
one, and only then compensates. What was built on something that could not be taken back is left as it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from golive.errors import GoliveError
from golive.hosts.fleet import each
from golive.hosts.values import Status
from golive.ledger.events import Event, NewEvent, release_stream
from golive.release.plan import PlannedStep
from golive.stages import database_worker
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import step_definition
from golive.stages.definition import Scope, fence_target
from golive.stages.effects import MAY_LEAVE_TRACES, Effect, undo_id
from golive.stages.fencing import give_back, take_back
from golive.stages.runtime import Runtime
from golive.stages.subject import load_submission, scope_of
from golive.stages.workers import Done, Job, perform
from golive.texts import text

TRIES = 3
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Undone:
    """What came of the compensations: the keys of the effects that are gone, and of those that are not."""

    undone: tuple[str, ...]
    failed: tuple[str, ...]


def leaving_traces(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """The effects that a rollback must compensate, newest first."""
    found = [effect for effect in effects if effect.state in MAY_LEAVE_TRACES]
    return tuple(sorted(found, key=lambda effect: effect.sequence, reverse=True))


def undo_all(runtime: Runtime, effects: Sequence[Effect]) -> Undone:
    """Compensates ``effects`` in the order given, a step at a time, its hosts in parallel.

    Raises ``LeaseHeld`` when another release holds one of their targets: its work is not taken away from it.
    """
    run = runtime.run
    submissions = {(effect.manifest, effect.inventory) for effect in effects}
    scopes = {
        key: scope_of(runtime, load_submission(runtime.ledger, run.release, run.environment, *key))
        for key in submissions
    }
    work = [_Undo(effect, scopes[(effect.manifest, effect.inventory)]) for effect in effects]
    places = {name for item in work for name in (item.place, item.effect.target)} - {"release"}
    tokens = take_back(runtime.ledger, run.environment, places, run.release).tokens
    results = asyncio.run(_Crew(runtime, tokens).undo(work)) if work else []
    failed = tuple(effect.key for effect, done in results if done.outcome != "done")
    if not failed:
        give_back(runtime.ledger, run.environment, run.release, places)
    return Undone(tuple(effect.key for effect, done in results if done.outcome == "done"), failed)


@dataclass(frozen=True)
class _Undo:
    """An effect to be taken back, with the submission that it was made from."""

    effect: Effect
    scope: Scope

    @property
    def place(self) -> str:
        definition = step_definition(self.effect.stage, self.effect.step)
        return fence_target(definition, self.scope.environment, self.effect.target)


class _Crew:
    """One rollback's connections, and the places that it has fenced."""

    def __init__(self, runtime: Runtime, tokens: Mapping[str, int]) -> None:
        self._runtime, self._tokens = runtime, tokens
        self._fenced: set[str] = set()

    async def undo(self, work: Sequence[_Undo]) -> list[tuple[Effect, Done]]:
        results: list[tuple[Effect, Done]] = []
        stuck: set[str] = set()
        async with AsyncExitStack() as stack:
            benches = {
                id(item.scope): await stack.enter_async_context(bench(self._runtime, item.scope))
                for item in {id(item.scope): item for item in work}.values()
            }
            await self._fence_all(work, benches)
            for _, group in groupby(work, key=lambda item: (id(item.scope), item.effect.stage, item.effect.step)):
                found = await each(partial(self._undo, benches=benches, stuck=frozenset(stuck)), group)
                stuck |= {effect.target for effect, done in found if done.outcome != "done"}
                results += found
        return results

    async def _fence_all(self, work: Sequence[_Undo], benches: Mapping[int, Bench]) -> None:
        """Before anything is compensated, nothing of lower tokens runs anywhere. A place that cannot be fenced now is
        tried again when its own turn comes."""

        async def one(item: _Undo) -> None:
            with suppress(GoliveError, LookupError, OSError):
                await self._fence(benches[id(item.scope)], item)

        await each(one, {item.place: item for item in work}.values())

    async def _fence(self, tools: Bench, item: _Undo) -> None:
        """From here on nothing with a lower token starts there, and what had started is ended."""
        kind, _, name = item.place.partition(":")
        token = self._tokens.get(item.place, 0)
        if item.place in self._fenced:
            return
        if kind == "host":
            host = await tools.host(name)
            await host.raise_fence(token)
            for known in await host.operations():
                if known.token < token and known.outcome.status in {Status.RUNNING, Status.LOST}:
                    await host.cancel(known.id)
        elif kind == "database":
            connection = item.scope.connection(item.scope.environment.databases[name].admin)
            database = item.scope.environment.databases[name].name
            await asyncio.to_thread(database_worker.raise_fence, connection, database, token)
        self._fenced.add(item.place)

    async def _undo(self, item: _Undo, benches: Mapping[int, Bench], stuck: frozenset[str]) -> tuple[Effect, Done]:
        effect, tools = item.effect, benches[id(item.scope)]
        if effect.target in stuck:
            done = Done("failed", "left as it is: what was built on it could not be taken back")
        else:
            done = await self._tries(item, tools)
        step, outcome = f"{effect.stage}.{effect.step}", f"{done.outcome} {done.detail}".strip()
        self._runtime.say(text("stages.undone", "en", step=step, target=effect.target, outcome=outcome))
        return effect, done

    async def _tries(self, item: _Undo, tools: Bench) -> Done:
        done = Done("unknown")
        for attempt in range(TRIES):
            token = self._tokens.get(item.place, 0)
            operation = await asyncio.to_thread(_intend, self._runtime, item.effect, token)
            if attempt == 0:
                done = await self._try(tools, item, operation, token)
            else:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
                # A bench of its own: after a lost connection a new one is what may help.
                async with bench(self._runtime, item.scope) as fresh:
                    done = await self._try(fresh, item, operation, token)
            await asyncio.to_thread(_record, self._runtime, item.effect, operation, done)
            if done.outcome == "done":
                break
        return done

    async def _try(self, tools: Bench, item: _Undo, operation: str, token: int) -> Done:
        effect = item.effect
        try:
            await self._fence(tools, item)
        except GoliveError as error:
            return Done("unknown", str(error))
        definition = step_definition(effect.stage, effect.step)
        if definition.undo is None:
            return Done("done", "kept on purpose")
        step = PlannedStep(effect.stage, effect.step, effect.target, effect.component, True, "", None, True)
        try:
            work = definition.undo(item.scope, step)
            return await perform(tools, Job(operation, token, effect.target, item.place, work, effect.operation))
        except (GoliveError, LookupError, TypeError, ValueError, OSError) as error:
            # Whatever it is (a connection that was deleted, a tool that is not named any more), the others are undone
            # and this one is quarantined; a rollback that only raises would end in neither.
            return Done("failed", f"{type(error).__name__}: {error}")


def _intend(runtime: Runtime, effect: Effect, token: int) -> str:
    """Records the intent and gives its id: the same while its answer is missing, a new one after a failure."""
    operation = ""

    def once(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        nonlocal operation
        number = 1 + sum(_is_failed_undo(event, effect.operation) for event in events)
        operation = undo_id(effect.operation, number)
        if any(event.kind == "undo.intended" and event.data["operation"] == operation for event in events):
            return []
        data = {"operation": operation, "undoes": effect.operation, "token": token, "run_id": runtime.run.run_id}
        return [NewEvent("undo.intended", {"environment": runtime.run.environment, **data})]

    runtime.ledger.append(release_stream(runtime.run.release), once)
    return operation


def _is_failed_undo(event: Event, operation: str) -> bool:
    return event.kind == "undo.recorded" and event.data["undoes"] == operation and event.data["outcome"] == "failed"


_OUTCOME = {"done": "undone", "failed": "failed", "refused": "failed", "unknown": "unknown"}


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
