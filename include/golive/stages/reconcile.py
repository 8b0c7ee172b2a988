"""Finds effects that no living run will close, of every release of an environment, and closes them or says why not.

A release is taken in its turn, so that none of its rollbacks runs meanwhile; its leases are taken as its steps take
them, under higher tokens, so that a worker that comes back late is refused.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from golive.errors import GoliveError, RefusedError
from golive.hosts.fleet import each
from golive.ledger.errors import LeaseHeld
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.ledger.leases import TAKEN
from golive.release.plan import PlannedStep
from golive.stages.bench import Bench, bench
from golive.stages.catalogue import WHOLE, step_definition
from golive.stages.definition import Scope, fence_target
from golive.stages.effects import UNSETTLED, Effect, State, fold_effects
from golive.stages.errors import TargetGivenUp
from golive.stages.fencing import Taken, hand_back, rollback_holder, take, turn
from golive.stages.incidents import open_incidents
from golive.stages.jobs import Done, Job
from golive.stages.probing import probe
from golive.stages.runtime import Runtime
from golive.stages.standing import StageState, fold_stages
from golive.stages.subject import load_submission, scope_of
from golive.stages.work import Work

LOOSE = frozenset({State.OPEN, State.UNKNOWN})
PATIENCE = timedelta(minutes=15)
"""How long nobody may have asked for a compensation before it counts as left: its task is tried again meanwhile."""

CLOSED = frozenset({"done", "failed"})
WAITS = "waits"
"""Another release's lease lies on the target, whose work comes first, or a person gave the target up."""


@dataclass(frozen=True)
class Found:
    """What became of an effect. ``outcome``: done or failed (closed so), running, waits, unknown, or half_undone."""

    release: str
    key: str
    outcome: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.release}: {self.key}: {self.outcome} {self.detail}".strip()


@dataclass(frozen=True)
class Reconciled:
    """``whole``: no release was left out because a rollback of it was going on."""

    found: tuple[Found, ...]
    whole: bool = True

    @property
    def left(self) -> tuple[Found, ...]:
        """What somebody must look at: nobody will close it, and its place did not tell."""
        return tuple(item for item in self.found if item.outcome in ("unknown", "half_undone"))


def reconcile(runtime: Runtime, but: str = "") -> Reconciled:
    """Every release that has worked in the run's environment, except ``but``; one that is being rolled back is left."""
    found: list[Found] = []
    whole = True
    for release in _releases(runtime):
        if release == but or not _left(runtime, release):
            continue
        with turn(runtime.ledger, release, runtime.run.environment) as mine:
            if mine:
                found += reconcile_release(runtime, release)
            whole = whole and mine
    return Reconciled(tuple(found), whole)


def reconcile_release(runtime: Runtime, release: str) -> tuple[Found, ...]:
    """Closes what one release has left in the environment. The caller has the release's turn."""
    here = replace(runtime, run=replace(runtime.run, release=release))
    left = _left(runtime, release)
    found = [Found("", effect.key, "half_undone", effect.detail) for effect in left if effect.state not in LOOSE]
    loose = [effect for effect in left if effect.state in LOOSE]
    for submission in dict.fromkeys((effect.manifest, effect.inventory) for effect in loose):
        subject = load_submission(here.ledger, release, here.run.environment, *submission)
        same = [effect for effect in loose if (effect.manifest, effect.inventory) == submission]
        found += asyncio.run(_ask_all(here, scope_of(here, subject), same))
    return tuple(replace(item, release=release) for item in found)


def asked_for(runtime: Runtime) -> tuple[str, ...]:
    """The operations of the environment that somebody may still ask a host for: nothing may forget them."""
    kept: list[str] = []
    for release in _releases(runtime):
        events = runtime.ledger.read(release_stream(release))
        effects = fold_effects(events, runtime.run.environment).values()
        own = {effect.operation for effect in effects if effect.state in UNSETTLED}
        undos = [e.data["operation"] for e in events if e.kind == "undo.intended" and e.data["undoes"] in own]
        kept += [*sorted(own), *undos]
    return tuple(kept)


def _releases(runtime: Runtime) -> tuple[str, ...]:
    """Who ever held a lease in the environment: nobody has an effect there without."""
    events = runtime.ledger.read(environment_stream(runtime.run.environment))
    holders = (str(event.data["holder"]) for event in events if event.kind == TAKEN)
    return tuple(dict.fromkeys(holder.partition("/")[2] for holder in holders))


def _left(runtime: Runtime, release: str) -> tuple[Effect, ...]:
    """The effects of a release in the environment that nobody who lives will close; none while a run of it goes on,
    whose leases must not be taken from it."""
    events = runtime.ledger.read(release_stream(release))
    run = runtime.run
    effects = fold_effects(events, run.environment).values()
    unsettled = [effect for effect in effects if effect.state in UNSETTLED]
    own = run.run_id if release == run.release else ""
    runs = {(effect.stage, effect.run_id) for effect in unsettled} | _open_runs(events, run.environment)
    if not unsettled or any(runtime.lives(stage, run_id) for stage, run_id in runs if run_id != own):
        return ()
    return tuple(effect for effect in unsettled if effect.run_id != own and _is_due(runtime, effect, events))


def _open_runs(events: Sequence[Event], environment: str) -> set[tuple[str, str]]:
    """Runs whose steps may act; the one that only starts others does not."""
    stages = fold_stages(events).items()
    opened = [one for (where, _), one in stages if where == environment and one.state is StageState.OPEN]
    return {(standing.stage, standing.run_id) for standing in opened if standing.stage != WHOLE}


def _is_due(runtime: Runtime, effect: Effect, events: Sequence[Event]) -> bool:
    """A loose effect at once; a compensation when nobody has asked for it for long and no incident tells of it."""
    if effect.state in LOOSE:
        return True
    asked = max(event.at for event in events if event.data.get("undoes") == effect.operation)
    told = bool(open_incidents(events, runtime.run.environment))
    return not told and runtime.ledger.now() - asked > PATIENCE


async def _ask_all(runtime: Runtime, scope: Scope, effects: Sequence[Effect]) -> list[Found]:
    places = {e.key: fence_target(step_definition(e.stage, e.step), scope.environment, e.target) for e in effects}
    leases = {place: await asyncio.to_thread(_lease, runtime, place) for place in set(places.values())}
    try:
        async with bench(runtime, scope) as tools:
            return await each(lambda effect: _ask(tools, effect, places[effect.key], leases), effects)
    finally:
        for lease in leases.values():
            if isinstance(lease, Taken):
                await asyncio.to_thread(hand_back, runtime.ledger, runtime.run.environment, runtime.run.release, lease)


def _lease(runtime: Runtime, place: str) -> Taken | RefusedError:
    """The lease of a place under a new token, or why it cannot be had."""
    run, targets = runtime.run, {place} - {"release"}
    try:
        return take(runtime.ledger, run.environment, targets, run.release, targets)
    except (LeaseHeld, TargetGivenUp) as error:
        return error


async def _ask(tools: Bench, effect: Effect, place: str, leases: Mapping[str, Taken | RefusedError]) -> Found:
    lease = leases[place]
    if isinstance(lease, RefusedError):
        own = lease.data.get("holder") == rollback_holder(tools.runtime.run.release)
        return Found("", effect.key, "unknown" if own else WAITS, str(lease))
    try:
        work = _work(tools.scope, effect)
        done = await probe(tools, Job(effect.operation, lease.tokens.get(place, 0), effect.target, place, work))
    except (GoliveError, LookupError, TypeError, ValueError, OSError) as error:
        # Whatever it is, this effect stays unknown and the others are asked.
        return Found("", effect.key, "unknown", f"{type(error).__name__}: {error}")
    if done.outcome in CLOSED:
        await asyncio.to_thread(_close, tools.runtime, effect, done)
    return Found("", effect.key, WAITS if done.outcome == "refused" else done.outcome, done.detail)


def _work(scope: Scope, effect: Effect) -> Work:
    build = step_definition(effect.stage, effect.step).work
    if build is None:
        raise TypeError(effect.key)
    return build(scope, PlannedStep(effect.stage, effect.step, effect.target, effect.component, True, "", None, True))


def _close(runtime: Runtime, effect: Effect, done: Done) -> None:
    data = {
        "environment": runtime.run.environment,
        "operation": effect.operation,
        "outcome": "in_force" if done.outcome == "done" else "failed",
        "exit_status": done.exit_status,
        "detail": done.detail,
    }

    def if_still_loose(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        known = fold_effects(events, runtime.run.environment)[effect.key]
        still = known.operation == effect.operation and known.state in LOOSE
        return [NewEvent("effect.recorded", data)] if still else []

    runtime.ledger.append(release_stream(runtime.run.release), if_still_loose)
