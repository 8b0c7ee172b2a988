"""A target that was given up answers again: what rollbacks had left there is taken back, and it can be used again."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

from golive.errors import GoliveError
from golive.hosts.host import Host
from golive.hosts.shell import sh
from golive.hosts.values import Command, Status
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.ledger.leases import PUT_RIGHT, TAKEN, given_up
from golive.release.plan import Plan
from golive.stages import database_worker, incidents
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import STAGES
from golive.stages.effects import Effect, State, fold_effects
from golive.stages.errors import AnotherRollbackRuns, RollbackFailed, TargetGivenUp
from golive.stages.fencing import hand_back, take, turn
from golive.stages.jobs import Done
from golive.stages.rollback import Again, intend, leaving_traces, place_of, record, undo_all
from golive.stages.runtime import Runtime
from golive.stages.subject import Subject, load_submission, scope_of
from golive.stages.telling import tell
from golive.texts import text


def put_right(runtime: Runtime, subject: Subject, plan: Plan) -> None:
    """Puts the given-up targets that the plan uses right, if they answer. Raises ``TargetGivenUp`` for one that is not.

    A release that is being rolled back just now is not waited for: ``AnotherRollbackRuns``.
    """
    used = {step.target for step in plan.steps}
    over = given_up(runtime.ledger.read(environment_stream(runtime.run.environment)))
    for target in sorted(used & set(over)):
        try:
            _one(runtime, subject, target)
        except GoliveError as error:
            event = over[target]
            why = {"person": event.actor, "reason": event.data["reason"], "cause": str(error)}
            raise TargetGivenUp(target=target, environment=runtime.run.environment, **why) from error
        runtime.say(text("stages.put_right", "en", target=target))


def _one(runtime: Runtime, subject: Subject, target: str) -> None:
    token, is_new = asyncio.run(_fence(runtime, subject, target))
    releases = _left_there(runtime, target)
    name = target.removeprefix("host:")
    again = Again(target, subject.environment.hosts.get(name) if target.startswith("host:") else None)
    for release, effects in releases.items():
        here = replace(runtime, run=replace(runtime.run, release=release))
        with turn(runtime.ledger, release, runtime.run.environment) as mine:
            if not mine:
                raise AnotherRollbackRuns(release=release, environment=runtime.run.environment)
            if is_new:
                _gone(here, effects, token)
            else:
                _take_back(here, effects, again)
    data = {"target": target, "token": token, "release": runtime.run.release}
    runtime.ledger.append(
        environment_stream(runtime.run.environment),
        lambda events, _now: [NewEvent(PUT_RIGHT, data)] if target in given_up(events) else [],
    )
    for release in releases:
        _close_incidents(replace(runtime, run=replace(runtime.run, release=release)), target)


async def _fence(runtime: Runtime, subject: Subject, target: str) -> tuple[int, bool]:
    """The new token, written on the target, and whether the target is a new machine that Golive never worked on."""
    run, (kind, _, name) = runtime.run, target.partition(":")
    taken = take(runtime.ledger, run.environment, (target,), run.release, (target,), (target,))
    token = taken.tokens[target]
    try:
        async with AsyncExitStack() as stack:
            tools = await stack.enter_async_context(bench(runtime, scope_of(runtime, subject)))
            if kind == "host":
                return token, await _fence_host(await tools.host(name), token)
            await asyncio.to_thread(_fence_database, tools, name, token)
            return token, False
    finally:
        hand_back(runtime.ledger, run.environment, run.release, taken)


async def _fence_host(host: Host, token: int) -> bool:
    known = await host.run(Command("known", sh("[ -e .golive/fence ]")), timeout=30)
    await host.raise_fence(token)
    for operation in await host.operations():
        if operation.token < token and operation.outcome.status in {Status.RUNNING, Status.LOST}:
            await host.cancel(operation.id)
    return not known.succeeded


def _fence_database(tools: Bench, name: str, token: int) -> None:
    database = tools.scope.environment.databases[name]
    database_worker.raise_fence(tools.scope.connection(database.admin), database.name, token)


def _left_there(runtime: Runtime, target: str) -> Mapping[str, Sequence[Effect]]:
    """What rollbacks left on a target, by release, newest first."""
    environment = runtime.run.environment
    holders = (e.data["holder"] for e in runtime.ledger.read(environment_stream(environment)) if e.kind == TAKEN)
    found = {}
    for release in dict.fromkeys(holder.partition("/")[2] for holder in holders):
        effects = leaving_traces(fold_effects(runtime.ledger.read(release_stream(release)), environment).values())
        own = [
            effect for effect in effects if effect.state is State.GIVEN_UP and _is_on(runtime, release, effect, target)
        ]
        if own:
            found[release] = own
    return found


def _is_on(runtime: Runtime, release: str, effect: Effect, target: str) -> bool:
    submission = (effect.manifest, effect.inventory)
    environment = load_submission(runtime.ledger, release, runtime.run.environment, *submission).environment
    return target in {effect.target, place_of(effect, environment)}


def _take_back(here: Runtime, effects: Sequence[Effect], again: Again) -> None:
    result = undo_all(here, effects, again)
    if result.failed or result.left:
        names = ", ".join((*result.failed, *result.left))
        raise RollbackFailed(release=here.run.release, environment=here.run.environment, targets=names)


def _gone(here: Runtime, effects: Sequence[Effect], token: int) -> None:
    """The machine is a new one: what was on the old one went with it."""
    for effect in effects:
        record(here, effect, intend(here, effect, token), Done("done", "gone with the old machine"))


def _close_incidents(here: Runtime, target: str) -> None:
    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        return incidents.closed(events, here.run, tuple(STAGES), text("stages.put_right", "en", target=target))

    here.ledger.append(release_stream(here.run.release), decide)
    tell(here)
