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
    stack: list[Event] = []
    for event in events:
        if event.kind == LIVE:
            stack.append(event)
        elif event.kind == WITHDRAWN:
            stack = [item for item in stack if item.data["release"] != event.data["release"]]
    return stack[-1] if stack else None


def went_live(ledger: Ledger, environment: str, data: Mapping[str, Any]) -> None:
    """Records that a release serves in its environment, once. ``data``: release, plan and what lies on the hosts."""

    def once(events: Sequence[Event], now: object) -> list[NewEvent]:
        latest = serving_of(events)
        return [] if latest is not None and latest.data == data else [NewEvent(LIVE, data)]

    ledger.append(environment_stream(environment), once)


def withdrawn(ledger: Ledger, environment: str, release: str) -> None:
    """Records that a release does not serve any more, if it did."""

    def once(events: Sequence[Event], now: object) -> list[NewEvent]:
        latest = serving_of(events)
        return [NewEvent(WITHDRAWN, {"release": release})] if latest and latest.data["release"] == release else []

    ledger.append(environment_stream(environment), once)
