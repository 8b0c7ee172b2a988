"""What the events of a release and of an environment say, told again independently."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.checker.record import Event

ENDS = ("closed", "returned", "stopped", "rolled_back", "quarantined")


@dataclass
class Stage:
    """The newest attempt of a stage in an environment."""

    opened: dict[str, Any]
    state: str = "open"


@dataclass
class Effect:
    """One generation of an effect. ``outcome`` and ``undo`` are the newest answers, None without one."""

    intent: dict[str, Any]
    sequence: int
    outcome: str | None = None
    detail: str = ""
    undo: str | None = None
    undoing: bool = False


def stages(events: Sequence[Event]) -> dict[tuple[str, str], Stage]:
    """By (environment, stage)."""
    found: dict[tuple[str, str], Stage] = {}
    for event in events:
        key = (str(event.data.get("environment")), str(event.data.get("stage")))
        word = event.kind.removeprefix("stage.")
        if event.kind == "stage.opened":
            found[key] = Stage(event.data)
        elif word in ENDS and key in found and found[key].opened["attempt"] == event.data.get("attempt"):
            found[key].state = word
    return found


def effects(events: Sequence[Event]) -> dict[str, Effect]:
    """Every generation, by operation id, in order."""
    found: dict[str, Effect] = {}
    for event in events:
        data = event.data
        if event.kind == "effect.intended":
            found.setdefault(data["operation"], Effect(data, event.sequence))
        elif event.kind == "effect.recorded" and data["operation"] in found:
            effect = found[data["operation"]]
            effect.outcome, effect.detail = data["outcome"], str(data.get("detail") or "")
        elif event.kind.startswith("undo.") and data["undoes"] in found:
            effect = found[data["undoes"]]
            effect.undoing = event.kind == "undo.intended"
            effect.undo = data.get("outcome", effect.undo)
    return found


def newest(found: dict[str, Effect]) -> dict[tuple[str, str], Effect]:
    """The latest generation by (environment, key)."""
    return {(effect.intent["environment"], effect.intent["key"]): effect for effect in found.values()}


def live(events: Sequence[Event]) -> dict[str, Any] | None:
    """What serves by an environment's own record, None where nothing does."""
    serving: list[dict[str, Any]] = []
    for event in events:
        if event.kind == "environment.live":
            serving.append(event.data)
        elif event.kind == "environment.withdrawn":
            serving = [data for data in serving if data["release"] != event.data["release"]]
    return serving[-1] if serving else None


def open_incidents(events: Sequence[Event], environment: str) -> set[str]:
    found: set[str] = set()
    for event in events:
        if event.data.get("environment") == environment:
            # With a cause it is hypercare's: a rollback neither opens nor closes it.
            if event.kind == "incident.opened" and "cause" not in event.data:
                found.add(event.data["incident"])
            elif event.kind == "incident.closed":
                found.discard(event.data["incident"])
    return found


def leases(events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """Leases in force, by target."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.kind == "lease.taken":
            found[event.data["target"]] = event.data
        elif event.kind == "lease.released":
            held = found.get(event.data["target"])
            if held and held["token"] == event.data["token"]:
                del found[event.data["target"]]
    return found
