"""Who may act on a target now: leases of a release and of its rollback, and tokens that only rise.

A release holds its targets as ``release/<id>``; its rollback takes them as ``rollback/<id>`` under higher tokens. All
decisions are made with the environment's stream locked, so that no moment lies between looking and taking.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from golive.ledger import Ledger
from golive.ledger.errors import LeaseHeld
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.ledger.leases import RELEASED, TAKEN, Lease, current, given_up
from golive.stages.errors import AnotherRollbackRuns, LeaseLost, TargetGivenUp
from golive.stages.runtime import Runtime

PATIENCE_SECONDS = 900.0
"""How long one rollback waits for another of the same release and environment to end."""
_POLL_SECONDS = 0.3


def holder(release: str) -> str:
    """Who holds the leases of a release's targets: the release, until it is live, returned or rolled back."""
    return f"release/{release}"


def rollback_holder(release: str) -> str:
    return f"rollback/{release}"


@dataclass(frozen=True)
class Taken:
    """Leases that somebody has now: the token by target, and the targets that were not theirs before."""

    tokens: Mapping[str, int]
    new: frozenset[str]


def take(
    ledger: Ledger,
    environment: str,
    targets: Collection[str],
    release: str,
    renew: Collection[str] = (),
    again: Collection[str] = (),
) -> Taken:
    """Takes all ``targets`` for a release, or none; those in ``renew`` under a higher token than it had.

    Raises ``LeaseHeld`` when anybody else holds one of them, ``TargetGivenUp`` for one that was given up and is not
    taken ``again`` to be put right.
    """
    return _take(ledger, environment, targets, holder(release), renew=renew, again=again)


def take_back(
    ledger: Ledger, environment: str, targets: Collection[str], release: str, again: Collection[str] = ()
) -> Taken:
    """Takes the targets of a release for its rollback, under higher tokens; of those that were given up only ``again``.

    Raises ``LeaseHeld`` for another's, ``TargetGivenUp``.
    """
    return _take(ledger, environment, targets, rollback_holder(release), yielding=(holder(release),), again=again)


def _take(
    ledger: Ledger,
    environment: str,
    targets: Collection[str],
    who: str,
    yielding: Collection[str] = (),
    renew: Collection[str] = (),
    again: Collection[str] = (),
) -> Taken:
    found: dict[str, Lease | None] = {}
    tokens: dict[str, int] = {}

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        _require_usable(events, environment, set(targets) - set(again))
        found.update({target: current(events, target) for target in sorted(targets)})
        for lease in found.values():
            if lease is not None and lease.holder not in {who, *yielding}:
                raise LeaseHeld(target=lease.target, holder=lease.holder, token=lease.token)
        kept = {t: lease.token for t, lease in found.items() if lease and lease.holder == who and t not in renew}
        tokens.update({target: kept.get(target) or _highest(events, target) + 1 for target in found})
        fresh = [target for target in found if target not in kept]
        return [NewEvent(TAKEN, {"target": t, "token": tokens[t], "holder": who}) for t in fresh]

    ledger.append(environment_stream(environment), decide)
    return Taken(tokens, frozenset(t for t, lease in found.items() if lease is None or lease.holder != who))


def _require_usable(events: Sequence[Event], environment: str, targets: Collection[str]) -> None:
    for target, event in given_up(events).items():
        if target in targets:
            raise TargetGivenUp(
                target=target, environment=environment, person=event.actor, reason=event.data["reason"], cause="-"
            )


def _highest(events: Sequence[Event], target: str) -> int:
    return max((e.data["token"] for e in events if e.kind == TAKEN and e.data["target"] == target), default=0)


def hand_back(ledger: Ledger, environment: str, release: str, taken: Taken) -> None:
    """Gives back what was newly taken, and only that: not what a rollback has taken over in the meantime."""

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        held = [current(events, target) for target in sorted(taken.new)]
        mine = [lease for lease in held if lease is not None and lease.holder == holder(release)]
        still = [lease for lease in mine if lease.token == taken.tokens[lease.target]]
        return [NewEvent(RELEASED, {"target": lease.target, "token": lease.token}) for lease in still]

    ledger.append(environment_stream(environment), decide)


def give_back(ledger: Ledger, environment: str, release: str, targets: Collection[str] | None = None) -> None:
    """Gives back what a release or its rollback still holds in an environment: ``targets``, or all of it."""
    own = {holder(release), rollback_holder(release)}

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        named = {event.data["target"] for event in events if event.kind == TAKEN}
        held = [current(events, target) for target in sorted(named if targets is None else named & set(targets))]
        mine = [lease for lease in held if lease is not None and lease.holder in own]
        return [NewEvent(RELEASED, {"target": lease.target, "token": lease.token}) for lease in mine]

    ledger.append(environment_stream(environment), decide)


def require_current(ledger: Ledger, environment: str, target: str, token: int) -> None:
    """``token`` is still the one in force on ``target``. Raises ``LeaseLost``.

    For what has no fence of its own yet: asked while holding a lock there that whoever takes over needs too.
    """
    lease = current(ledger.read(environment_stream(environment)), target)
    if lease is None or lease.token != token:
        raise LeaseLost(target=target, token=token, holder=lease.holder if lease else "-")


def turn(ledger: Ledger, release: str, environment: str) -> AbstractContextManager[bool]:
    """Whether this one has the release's turn in the environment, until the block ends; never waits."""
    return ledger.session_lock(f"rollback:{release}:{environment}")


@contextmanager
def one_at_a_time(runtime: Runtime) -> Iterator[None]:
    """Nobody else rolls this release back in this environment, or makes it live, until the block ends.

    Raises ``AnotherRollbackRuns`` when that does not become true in time. The lock ends with the process.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with turn(runtime.ledger, runtime.run.release, runtime.run.environment) as mine:
            if mine:
                yield
                return
        if time.monotonic() > deadline:
            raise AnotherRollbackRuns(release=runtime.run.release, environment=runtime.run.environment)
        time.sleep(_POLL_SECONDS)
