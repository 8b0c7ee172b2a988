"""Putting a message into the outbox: an event, in the same ledger as what it tells of."""

from collections.abc import Sequence
from datetime import datetime

from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent
from golive.reports.message import Message


def queue(ledger: Ledger, stream: str, *messages: Message) -> tuple[str, ...]:
    """Queue each message once per key; the keys that were new. Saying the same again changes nothing."""

    def decide(events: Sequence[Event], _now: datetime) -> Sequence[NewEvent]:
        known = {event.data["key"] for event in events if event.kind == "message.queued"}
        fresh: dict[str, Message] = {}
        for message in messages:
            if message.key not in known:
                fresh.setdefault(message.key, message)
        return [NewEvent("message.queued", message.as_data()) for message in fresh.values()]

    return tuple(event.data["key"] for event in ledger.append(stream, decide))
