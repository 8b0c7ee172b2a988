"""Leases: who may work on a target now. A token that only rises fences off whoever held it before.

They are events of the environment's stream: ``lease.taken {target, token, holder}`` and
``lease.released {target, token}``; ``stages/fencing.py`` takes them and gives them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.ledger.events import Event

TAKEN, RELEASED = "lease.taken", "lease.released"


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
