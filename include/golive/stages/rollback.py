"""Takes back what may have left traces, by the ledger: newest first, fenced, retried, never called done if it is not.

The rollback takes the leases with a higher token, writes that token on every target, ends what still runs with a lower
one, and only then compensates. What was built on something that could not be taken back is left as it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from golive.canonical import Digest
from golive.errors import GoliveError
from golive.hosts.fleet import each
from golive.hosts.values import Status
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.ledger.leases import given_up
from golive.release.environment import Environment, HostEntry
from golive.release.plan import PlannedStep
from golive.stages import database_worker
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import step_definition
from golive.stages.definition import Scope, fence_target
from golive.stages.effects import MAY_LEAVE_TRACES, Effect, State, fold_effects, undo_id
from golive.stages.fencing import give_back, take_back
from golive.stages.jobs import Done, Job
from golive.stages.runtime import Runtime
from golive.stages.subject import load_submission, scope_of
from golive.stages.workers import perform
from golive.texts import text

TRIES = 3
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Undone:
    """What came of the compensations: the keys of the effects that are gone, of those that are not, and of those that
    were left on a target that was given up."""

    undone: tuple[str, ...]
    failed: tuple[str, ...]
    left: tuple[str, ...] = ()


def leaving_traces(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """The effects that a rollback must compensate, newest first."""
    found = [effect for effect in effects if effect.state in MAY_LEAVE_TRACES]
    return tuple(sorted(found, key=lambda effect: effect.sequence, reverse=True))


@dataclass(frozen=True)
class Again:
    """A given-up target that is taken back to be put right. ``host``: where its host is by the environment's file of
    today, None for a database."""

    target: str
    host: HostEntry | None


def undo_all(runtime: Runtime, effects: Sequence[Effect], again: Again | None = None) -> Undone:
    """Compensates ``effects`` in the order given, a step at a time, its hosts in parallel; what lies on a target that
    was given up is left, except ``again``.

    Raises ``LeaseHeld`` when another release holds one of their targets: its work is not taken away from it.
    """
    run = runtime.run
    submissions = {(effect.manifest, effect.inventory) for effect in effects}
    scopes = {key: _scope(runtime, key, again) for key in submissions}
    work = [_Undo(effect, scopes[(effect.manifest, effect.inventory)]) for effect in effects]
    usable = {again.target} if again else set()
    over = _given_up(runtime) - usable
    rest = [item for item in work if not item.places & over]
    places = {name for item in rest for name in item.places}
    tokens = take_back(runtime.ledger, run.environment, places, run.release, usable).tokens
    results = asyncio.run(_Crew(runtime, tokens).undo(rest)) if rest else []
    done = tuple(effect.key for effect, outcome in results if outcome.outcome == "done")
    # What was given up while it was tried is left all the same.
    over |= _given_up(runtime) - usable
    left = [item.effect for item in work if item.places & over and item.effect.key not in done]
    _leave(runtime, left)
    settled = {*done, *(effect.key for effect in left)}
    failed = tuple(item.effect.key for item in work if item.effect.key not in settled)
    if not failed:
        give_back(runtime.ledger, run.environment, run.release, places)
    return Undone(done, failed, tuple(effect.key for effect in left))


def _scope(runtime: Runtime, submission: tuple[Digest, Digest], again: Again | None) -> Scope:
    run = runtime.run
    scope = scope_of(runtime, load_submission(runtime.ledger, run.release, run.environment, *submission))
    if again is None or again.host is None:
        return scope
    hosts = {**scope.environment.hosts, again.target.removeprefix("host:"): again.host}
    return replace(scope, environment=scope.environment.model_copy(update={"hosts": hosts}))


def _given_up(runtime: Runtime) -> set[str]:
    return set(given_up(runtime.ledger.read(environment_stream(runtime.run.environment))))


def _leave(runtime: Runtime, effects: Sequence[Effect]) -> None:
    """Records, once, that these effects were left on a target that was given up; a compensation that was under way
    there has failed, so that the next one is another operation under a token of its own."""
    environment = runtime.run.environment

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        known = fold_effects(events, environment)
        told: list[NewEvent] = []
        for effect in (effect for effect in effects if known[effect.key].state is not State.GIVEN_UP):
            where = {"environment": environment, "undoes": effect.operation}
            failed = {**where, "outcome": "failed", "exit_status": None, "detail": "its target was given up"}
            told += [NewEvent("undo.recorded", {**failed, "operation": it}) for it in _under_way(events, effect)]
            told.append(NewEvent("undo.given_up", {**where, "target": effect.target}))
        return told

    runtime.ledger.append(release_stream(runtime.run.release), decide)


def place_of(effect: Effect, environment: Environment) -> str:
    """The target whose lease and fence guard an effect."""
    return fence_target(step_definition(effect.stage, effect.step), environment, effect.target)


@dataclass(frozen=True)
class _Undo:
    """An effect to be taken back, with the submission that it was made from."""

    effect: Effect
    scope: Scope

    @property
    def place(self) -> str:
        return place_of(self.effect, self.scope.environment)

    @property
    def places(self) -> set[str]:
        """What must be held, and must not have been given up, to take it back."""
        return {self.place, self.effect.target} - {"release"}


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
            operation = await asyncio.to_thread(intend, self._runtime, item.effect, token)
            if attempt == 0:
                done = await self._try(tools, item, operation, token)
            else:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
                # A bench of its own: after a lost connection a new one is what may help.
                async with bench(self._runtime, item.scope) as fresh:
                    done = await self._try(fresh, item, operation, token)
            await asyncio.to_thread(record, self._runtime, item.effect, operation, done)
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


def _under_way(events: Sequence[Event], effect: Effect) -> set[str]:
    """The compensations of an effect that were intended and neither failed nor done."""
    mine = [event for event in events if event.data.get("undoes") == effect.operation]
    ended = {e.data["operation"] for e in mine if e.kind == "undo.recorded" and e.data["outcome"] != "unknown"}
    return {e.data["operation"] for e in mine if e.kind == "undo.intended"} - ended


def intend(runtime: Runtime, effect: Effect, token: int) -> str:
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


def record(runtime: Runtime, effect: Effect, operation: str, done: Done) -> None:
    """Records what came of a compensation."""
    data = {
        "environment": runtime.run.environment,
        "operation": operation,
        "undoes": effect.operation,
        "outcome": _OUTCOME[done.outcome],
        "exit_status": done.exit_status,
        "detail": done.detail,
    }
    runtime.ledger.record(release_stream(runtime.run.release), NewEvent("undo.recorded", data))
