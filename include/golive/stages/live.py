"""What serves in an environment, by its record: the last release that went live and was not rolled back."""

from collections.abc import Mapping, Sequence
from typing import Any

from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream

LIVE, WITHDRAWN = "environment.live", "environment.withdrawn"


def serving(ledger: Ledger, environment: str) -> Event | None:
    """The ``environment.live`` event of what serves now, None before the first release or after its rollback."""
    return serving_of(ledger.read(environment_stream(environment)))


def serving_of(events: Sequence[Event]) -> Event | None:
    """As ``serving``, from the environment's events: a withdrawal uncovers what was live before."""
    standing = lives_of(events)
    return standing[-1] if standing else None


def lives_of(events: Sequence[Event]) -> tuple[Event, ...]:
    """Every ``environment.live`` that was not withdrawn; the last one serves."""
    stack: list[Event] = []
    for event in events:
        if event.kind == LIVE:
            stack.append(event)
        elif event.kind == WITHDRAWN:
            stack = [item for item in stack if item.data["release"] != event.data["release"]]
    return tuple(stack)


def served_before(events: Sequence[Event], release: str) -> Event | None:
    """What serves without ``release``: what its rollback brings back."""
    others = [event for event in lives_of(events) if event.data["release"] != release]
    return others[-1] if others else None


def gone_over(events: Sequence[Event], release: str) -> str | None:
    """The release that went live over ``release`` and stands there, None when none did."""
    releases = [event.data["release"] for event in lives_of(events)]
    return releases[-1] if release in releases and releases[-1] != release else None


def went_live(ledger: Ledger, environment: str, data: Mapping[str, Any]) -> None:
    """Records that a release serves in its environment, once. ``data``: release, plan and what lies on the hosts."""

    def once(events: Sequence[Event], now: object) -> list[NewEvent]:
        known = any(event.data == data for event in lives_of(events))
        return [] if known else [NewEvent(LIVE, data)]

    ledger.append(environment_stream(environment), once)


def withdrawn(ledger: Ledger, environment: str, release: str) -> None:
    """Records that a release does not serve any more, if it did."""

    def once(events: Sequence[Event], now: object) -> list[NewEvent]:
        latest = serving_of(events)
        return [NewEvent(WITHDRAWN, {"release": release})] if latest and latest.data["release"] == release else []

    ledger.append(environment_stream(environment), once)
