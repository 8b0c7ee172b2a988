"""Effects as the ledger tells them: a pure fold, and the operation ids that make each happen once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from golive.canonical import Digest, digest
from golive.ledger.events import Event


class State(StrEnum):
    """Where an effect stands. OPEN has an intent and no outcome; UNKNOWN was asked and gave no answer; GIVEN_UP
    was left by its rollback, since a person gave its target up."""

    OPEN = "open"
    UNKNOWN = "unknown"
    IN_FORCE = "in_force"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDO_FAILED = "undo_failed"
    GIVEN_UP = "given_up"
    UNDONE = "undone"


MAY_LEAVE_TRACES = frozenset(State) - {State.UNDONE}
"""States a rollback must compensate: whatever was intended may have left something behind."""

SETTLED = frozenset({State.FAILED, State.UNDONE})
"""States after which a new attempt is a new generation; otherwise it attaches to the one that is there."""

HALF_UNDONE = frozenset({State.UNDOING, State.UNDO_FAILED, State.GIVEN_UP})
"""States in which neither the effect nor its absence can be built on: the compensation must be finished first."""

UNSETTLED = frozenset({State.OPEN, State.UNKNOWN, State.UNDOING, State.UNDO_FAILED})
"""States that somebody must still close."""


@dataclass(frozen=True)
class Effect:
    """The latest generation of one planned step. ``sequence`` is its intent's place in the stream."""

    key: str
    operation: str
    stage: str
    step: str
    target: str
    component: str | None
    generation: int
    attempt: int
    token: int
    state: State
    sequence: int
    manifest: Digest
    inventory: Digest
    inputs: Digest
    run_id: str
    detail: str = ""


Effects = Mapping[str, Effect]
"""The effects of one release in one environment, by the planned step's key."""


def fold_effects(events: Iterable[Event], environment: str) -> Effects:
    """The latest generation of every effect of ``environment``, in order of its intent."""
    effects: dict[str, Effect] = {}
    keys: dict[str, str] = {}
    for event in events:
        if event.data.get("environment") != environment:
            continue
        if event.kind == "effect.intended":
            keys[event.data["operation"]] = event.data["key"]
            effects.pop(event.data["key"], None)
            effects[event.data["key"]] = _intended(event)
        elif event.kind in _OUTCOMES:
            operation = event.data["undoes"] if event.kind.startswith("undo.") else event.data["operation"]
            key = keys.get(operation)
            if key is not None and effects[key].operation == operation:
                effects[key] = _recorded(effects[key], event)
    return effects


def _intended(event: Event) -> Effect:
    return Effect(**{name: event.data[name] for name in _NAMES}, state=State.OPEN, sequence=event.sequence)


_NAMES = (
    *("key", "operation", "stage", "step", "target", "component"),
    *("generation", "attempt", "token", "manifest", "inventory", "inputs", "run_id"),
)

_OUTCOMES: Mapping[str, Mapping[str, State]] = {
    "effect.recorded": {"in_force": State.IN_FORCE, "failed": State.FAILED, "unknown": State.UNKNOWN},
    "undo.intended": {"": State.UNDOING},
    "undo.given_up": {"": State.GIVEN_UP},
    "undo.recorded": {"undone": State.UNDONE, "failed": State.UNDO_FAILED, "unknown": State.UNDO_FAILED},
}


def _recorded(effect: Effect, event: Event) -> Effect:
    state = _OUTCOMES[event.kind][event.data.get("outcome", "")]
    if event.kind == "effect.recorded" and _is_late(effect.state, state):
        return effect
    return replace(effect, state=state, detail=event.data.get("detail", ""))


def _is_late(known: State, said: State) -> bool:
    """A worker that was overtaken says nothing new: not after a rollback, nor against what its target said before."""
    if known in {*HALF_UNDONE, State.UNDONE, State.IN_FORCE}:
        return True
    return known is State.FAILED and said is State.UNKNOWN


def next_generation(effect: Effect | None) -> int:
    """The generation a new attempt runs under: the same while the last one is not settled."""
    if effect is None:
        return 1
    return effect.generation + (1 if effect.state in SETTLED else 0)


def operation_id(release: str, manifest: Digest, environment: str, key: str, generation: int) -> str:
    """32 hexadecimal digits that name the effect on its host or in its database."""
    identity = {"release": release, "manifest": manifest, "environment": environment, "key": key}
    return digest({**identity, "generation": generation}).removeprefix("sha256:")[:32]


def undo_id(operation: str, number: int) -> str:
    """The id of the ``number``-th attempt (from 1) to compensate ``operation``."""
    return digest({"undoes": operation, "number": number}).removeprefix("sha256:")[:32]
