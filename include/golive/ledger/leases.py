"""Leases: who may work on a target now. A token that only rises fences off whoever held it before.

They are events of the environment's stream: ``lease.taken {target, token, holder}`` and
``lease.released {target, token}``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.ledger.errors import LeaseHeld
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.ledger.ledger import Ledger

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


def take_lease(
    ledger: Ledger, environment: str, targets: Sequence[str], holder: str, force: bool = False
) -> dict[str, int]:
    """Takes all ``targets`` or none, and returns the token of each.

    Taking again as the same holder gives the same tokens, also with ``force``. Another holder's lease raises
    ``LeaseHeld``, unless ``force`` takes it away under a higher token.
    """
    tokens: dict[str, int] = {}

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        tokens.clear()
        new = []
        for target in dict.fromkeys(targets):
            held = current(events, target)
            if held and held.holder != holder and not force:
                raise LeaseHeld(target=target, holder=held.holder, token=held.token)
            if held and held.holder == holder:
                tokens[target] = held.token
            else:
                tokens[target] = _highest(events, target) + 1
                new.append(NewEvent(TAKEN, {"target": target, "token": tokens[target], "holder": holder}))
        return new

    ledger.append(environment_stream(environment), decide)
    return tokens


def release_lease(ledger: Ledger, environment: str, targets: Sequence[str], holder: str) -> None:
    """Gives back those ``targets`` that ``holder`` still holds; what someone took over stays theirs."""

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        held = [current(events, target) for target in dict.fromkeys(targets)]
        mine = [lease for lease in held if lease and lease.holder == holder]
        return [NewEvent(RELEASED, {"target": lease.target, "token": lease.token}) for lease in mine]

    ledger.append(environment_stream(environment), decide)


def _highest(events: Sequence[Event], target: str) -> int:
    tokens = (event.data["token"] for event in events if event.kind == TAKEN and event.data["target"] == target)
    return max(tokens, default=0)
