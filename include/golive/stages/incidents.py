"""Incidents of a rollback that could not be finished: one for each run that failed, until a rollback succeeds.

Those with a ``cause`` are hypercare's: a rollback neither counts nor closes them.
"""

from collections.abc import Collection, Sequence

from golive.ledger.events import Event, NewEvent
from golive.stages.effects import State, fold_effects
from golive.stages.runtime import Run
from golive.stages.standing import StageState, fold_stages
from golive.texts import text


def open_incidents(events: Sequence[Event], environment: str) -> tuple[Event, ...]:
    """The ``incident.opened`` of a release's rollbacks in an environment that no ``incident.closed`` answers."""
    found: dict[str, Event] = {}
    for event in events:
        if event.data.get("environment") != environment:
            continue
        if event.kind == "incident.opened" and "cause" not in event.data:
            found[event.data["incident"]] = event
        elif event.kind == "incident.closed":
            found.pop(event.data["incident"], None)
    return tuple(found.values())


def opened(events: Sequence[Event], run: Run, locale: str, failed: Collection[str]) -> list[NewEvent]:
    """The incident of this run's failed rollback; nothing when it has one already."""
    if any(event.data.get("run_id") == run.run_id for event in open_incidents(events, run.environment)):
        return []
    return [_new(events, run, locale, failed)]


def left_behind(events: Sequence[Event], run: Run, locale: str, left: Collection[str]) -> list[NewEvent]:
    """The incident of a rollback that left given-up targets as they are; nothing when the release has an open one."""
    return [] if open_incidents(events, run.environment) else [_new(events, run, locale, left)]


def _new(events: Sequence[Event], run: Run, locale: str, failed: Collection[str]) -> NewEvent:
    mine = [
        e
        for e in events
        if e.kind == "incident.opened" and e.data["environment"] == run.environment and "cause" not in e.data
    ]
    data = {
        "environment": run.environment,
        "incident": f"{run.release}-{run.environment}-rollback-{len(mine) + 1}",
        "title": text("stages.incident_rollback", locale, release=run.release, environment=run.environment),
        "priority": "P1",
        "detail": ", ".join(failed),
        "run_id": run.run_id,
    }
    return NewEvent("incident.opened", data)


def closed(events: Sequence[Event], run: Run, ended: Collection[str], reason: str) -> list[NewEvent]:
    """Closes the open incidents, unless a stage that is not among the ``ended`` is still quarantined, or something was
    left on a target that was given up."""
    quarantined = {
        stage
        for (environment, stage), standing in fold_stages(events).items()
        if environment == run.environment and standing.state is StageState.QUARANTINED
    }
    left = any(effect.state is State.GIVEN_UP for effect in fold_effects(events, run.environment).values())
    if left or quarantined - set(ended):
        return []
    names = ("environment", "incident", "title")
    return [
        NewEvent("incident.closed", {**{name: event.data[name] for name in names}, "reason": reason})
        for event in open_incidents(events, run.environment)
    ]
