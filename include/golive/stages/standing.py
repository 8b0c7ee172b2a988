"""Where the stages of a release stand, folded from its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from golive.canonical import Digest
from golive.ledger.events import Event


class StageState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    RETURNED = "returned"
    STOPPED = "stopped"
    ROLLED_BACK = "rolled_back"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class StageStanding:
    """The latest attempt of a stage in an environment."""

    stage: str
    environment: str
    attempt: int
    run_id: str
    parent_run_id: str | None
    requester: str
    requesters: tuple[str, ...]
    manifest: Digest
    plan: Digest
    state: StageState
    facts: Mapping[str, str]
    """Latest verdict by fact name, ``step`` or ``step/target``: pass, fail or inconclusive."""


Standings = Mapping[tuple[str, str], StageStanding]
"""By (environment, stage)."""


def fold_stages(events: Iterable[Event]) -> Standings:
    """The latest attempt of every stage of a release."""
    standings: dict[tuple[str, str], StageStanding] = {}
    for event in events:
        key = (str(event.data.get("environment", "")), str(event.data.get("stage", "")))
        if event.kind == "stage.opened":
            standings[key] = _opened(event)
        elif key in standings and standings[key].attempt == event.data.get("attempt"):
            standings[key] = _moved(standings[key], event)
    return standings


def _opened(event: Event) -> StageStanding:
    names = ("stage", "environment", "attempt", "run_id", "parent_run_id", "requester", "manifest", "plan")
    values = {name: event.data[name] for name in names}
    return StageStanding(**values, requesters=tuple(event.data["requesters"]), state=StageState.OPEN, facts={})


_ENDS = {f"stage.{state.value}": state for state in StageState if state is not StageState.OPEN}


def _moved(standing: StageStanding, event: Event) -> StageStanding:
    if event.kind in _ENDS:
        return replace(standing, state=_ENDS[event.kind])
    if event.kind == "fact.recorded":
        return replace(standing, facts={**standing.facts, event.data["name"]: event.data["verdict"]})
    return standing


def last(events: Iterable[Event], kind: str, **data: str) -> Event | None:
    """The newest event of a kind whose data has these values."""
    found = None
    for event in events:
        if event.kind == kind and all(event.data.get(name) == value for name, value in data.items()):
            found = event
    return found
