"""Leases: who may work on a target now. A token that only rises fences off whoever held it before.

They are events of the environment's stream: ``lease.taken {target, token, holder}`` and
``lease.released {target, token}``; ``stages/fencing.py`` takes them and gives them back. A target that a person gave up
(``target.given_up``) has no lease until it was put right (``target.put_right``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.ledger.events import Event

TAKEN, RELEASED = "lease.taken", "lease.released"
GIVEN_UP, PUT_RIGHT = "target.given_up", "target.put_right"


@dataclass(frozen=True)
class Lease:
    """``holder`` works on ``target`` under ``token`` since ``at``."""

    target: str
    token: int
    holder: str
    at: datetime


def current(events: Sequence[Event], target: str) -> Lease | None:
    """The lease in force on ``target``, given the events of the environment's stream."""
    lease = None
    for event in events:
        if event.kind == TAKEN and event.data["target"] == target:
            lease = Lease(target, event.data["token"], event.data["holder"], event.at)
        elif event.kind == RELEASED and lease and event.data == {"target": target, "token": lease.token}:
            lease = None
    return lease


def given_up(events: Sequence[Event]) -> Mapping[str, Event]:
    """The ``target.given_up`` in force, by target, given the events of the environment's stream."""
    found: dict[str, Event] = {}
    for event in events:
        if event.kind == GIVEN_UP:
            found[event.data["target"]] = event
        elif event.kind == PUT_RIGHT:
            found.pop(event.data["target"], None)
    return found
