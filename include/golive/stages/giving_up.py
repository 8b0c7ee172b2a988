"""Targets that a person has given up: no rollback waits for them, and nobody works there until they were put right."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.ledger.leases import GIVEN_UP, RELEASED, TAKEN, current, given_up
from golive.release.names import nearest
from golive.stages.errors import UnknownEnvironment, UnknownTarget
from golive.stages.subject import newest_environment


@dataclass(frozen=True)
class GivenUp:
    """``holder``: whose lease was released by it, empty when nobody had one. ``new``: False when it was given up
    before."""

    environment: str
    target: str
    reason: str
    person: str
    holder: str
    new: bool


def give_up(ledger: Ledger, environment: str, target: str, reason: str, person: str) -> GivenUp:
    """Records that ``person`` gives ``target`` up, and frees its lease. Said before, it changes nothing.

    Raises ``UnknownEnvironment`` or ``UnknownTarget``, naming what could be meant.
    """
    known = _known(ledger, environment)
    if target not in known:
        meant = nearest(target, sorted(known))
        raise UnknownTarget(target=target, environment=environment, meant=meant, known=", ".join(known))

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        if target in given_up(events):
            return []
        lease = current(events, target)
        data = {"target": target, "token": lease.token if lease else 0, "holder": lease.holder if lease else ""}
        released = [NewEvent(RELEASED, {"target": target, "token": lease.token})] if lease else []
        return [NewEvent(GIVEN_UP, {**data, "reason": reason}, person), *released]

    stream = environment_stream(environment)
    written = ledger.append(stream, decide)
    event = given_up(ledger.read(stream))[target]
    return GivenUp(environment, target, event.data["reason"], event.actor, event.data["holder"], bool(written))


def _known(ledger: Ledger, environment: str) -> Collection[str]:
    """The targets of the environment's file of today, and all that ever had a lease."""
    place = newest_environment(ledger, environment)
    if place is None:
        names = [name.removeprefix("environment/") for name in ledger.streams("environment/")]
        meant = nearest(environment, names)
        raise UnknownEnvironment(environment=environment, meant=meant, known=", ".join(names) or "-")
    leased = [e.data["target"] for e in ledger.read(environment_stream(environment)) if e.kind == TAKEN]
    own = [*(f"host:{name}" for name in place.hosts), *(f"database:{name}" for name in place.databases)]
    return dict.fromkeys((*own, *leased))
