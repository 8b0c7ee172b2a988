"""The outbox: what is queued in a stream is delivered at least once, and a key is visible at most once.

``message.attempted`` is recorded before the first post of a key. A key with an attempt and no end may already be in
the channel, so the channel is asked before it is posted again. A post that Slack has only just received may not show
yet; ``Patience.settle_seconds`` after the attempt it does.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent
from golive.reports.errors import DeliveryUnknown, MessageRefused, RateLimited
from golive.reports.message import Message, message_from_data

Result = TypeVar("Result")

_TURN_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Posted:
    """Where a message stands: Slack's id of the channel and the message's time stamp, both text."""

    channel: str
    ts: str


class Poster(Protocol):
    """What delivers. Both raise ``RateLimited``, ``MessageRefused`` or ``DeliveryUnknown``."""

    def post(self, message: Message, root: Posted | None) -> Posted:
        """Post, as a reply to ``root`` where there is one."""

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        """The message of this key posted at or after ``since``, where the channel (or the thread) has it."""


@dataclass(frozen=True)
class Patience:
    """``wait_seconds``: in all, for Slack's Retry-After. ``settle_seconds``: from an attempt to the look after it.
    ``turn_seconds``: for another sender of the same stream to end.
    """

    wait_seconds: int = 30
    settle_seconds: int = 5
    turn_seconds: int = 20


@dataclass(frozen=True)
class SendReport:
    """Keys by what became of them, in order. ``causes`` says per waiting channel why it waits."""

    sent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    causes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A queued message and what is known of it."""

    message: Message
    attempted: datetime | None = None
    sent: Posted | None = None
    refused: str | None = None

    @property
    def pending(self) -> bool:
        return self.sent is None and self.refused is None


def entries(events: Iterable[Event]) -> dict[str, Entry]:
    """The outbox as its events tell it, by key in the order of queueing."""
    known: dict[str, Entry] = {}
    for event in events:
        data = event.data
        match event.kind:
            case "message.queued":
                known.setdefault(data["key"], Entry(message_from_data(data)))
            case "message.attempted":
                known[data["key"]] = replace(known[data["key"]], attempted=event.at)
            case "message.sent":
                known[data["key"]] = replace(known[data["key"]], sent=Posted(data["channel"], data["ts"]))
            case "message.refused":
                known[data["key"]] = replace(known[data["key"]], refused=data["error"])
    return known


def send_pending(ledger: Ledger, stream: str, client: Poster, patience: Patience = Patience()) -> SendReport:
    """Deliver what waits in ``stream``, in order; raises nothing for Slack's sake, only for the ledger's.

    A channel that does not answer keeps its messages and their order; other channels go on. One sender works at a
    time. The next waits for its turn, since what it queued may have missed the first one's look.
    """
    deadline = time.monotonic() + patience.turn_seconds
    while True:
        with ledger.session_lock(f"outbox:{stream}") as mine:
            if mine:
                return _Delivery(ledger, stream, client, patience).run()
        if time.monotonic() > deadline:
            waiting = [key for key, entry in entries(ledger.read(stream)).items() if entry.pending]
            return SendReport(waiting=tuple(waiting))
        time.sleep(_TURN_POLL_SECONDS)


class _Delivery:
    """One pass over a stream's outbox, with the lock held."""

    def __init__(self, ledger: Ledger, stream: str, client: Poster, patience: Patience) -> None:
        self._ledger, self._stream, self._client, self._patience = ledger, stream, client, patience
        self._entries = entries(ledger.read(stream))
        self._seconds_left = patience.wait_seconds
        self._causes: dict[str, str] = {}

    def run(self) -> SendReport:
        pending = [key for key, entry in self._entries.items() if entry.pending]
        for key in pending:
            if self._entries[key].message.channel not in self._causes:
                self._settle(key)
        ended = {key: self._entries[key] for key in pending}
        return SendReport(
            sent=tuple(key for key, entry in ended.items() if entry.sent),
            refused=tuple(key for key, entry in ended.items() if entry.refused),
            waiting=tuple(key for key, entry in ended.items() if entry.pending),
            causes=self._causes,
        )

    def _settle(self, key: str) -> None:
        entry = self._entries[key]
        try:
            posted = self._deliver(entry)
        except MessageRefused as refusal:
            self._record("message.refused", key=key, error=refusal.data["error"])
            self._entries[key] = replace(entry, refused=refusal.data["error"])
        except (RateLimited, DeliveryUnknown) as hindrance:
            self._causes[entry.message.channel] = hindrance.message("en")
        else:
            self._record("message.sent", key=key, channel=posted.channel, ts=posted.ts)
            self._entries[key] = replace(entry, sent=posted)

    def _deliver(self, entry: Entry) -> Posted:
        root = self._root(entry.message)
        attempted = self._attempted_before(entry.message.key)
        if attempted and (found := self._look(entry.message, root, attempted)):
            return found
        return self._patiently(lambda: self._client.post(entry.message, root))

    def _attempted_before(self, key: str) -> datetime | None:
        """When this message may have been posted already; None, and the attempt on record, when it cannot have been.

        Decided at the head: should the lock be lost with its connection, another sender's attempt still counts.
        """

        def decide(events: Sequence[Event], _now: datetime) -> Sequence[NewEvent]:
            return () if entries(events)[key].attempted else (NewEvent("message.attempted", {"key": key}),)

        if self._ledger.append(self._stream, decide):
            return None
        return entries(self._ledger.read(self._stream))[key].attempted

    def _root(self, message: Message) -> Posted | None:
        """Where the thread hangs. A root that was refused or never queued leaves its replies to the channel itself."""
        root = self._entries.get(message.thread) if message.thread else None
        return root.sent if root and root.message.channel == message.channel else None

    def _look(self, message: Message, root: Posted | None, attempted: datetime) -> Posted | None:
        settled = attempted + timedelta(seconds=self._patience.settle_seconds)
        time.sleep(max(0.0, (settled - self._ledger.now()).total_seconds()))
        return self._patiently(lambda: self._client.find(message, root, attempted))

    def _patiently(self, call: Callable[[], Result]) -> Result:
        """Repeat ``call`` as often as Slack says when, within the patience that is left."""
        while True:
            try:
                return call()
            except RateLimited as limit:
                seconds = max(1, limit.data["retry_after"])
                if seconds > self._seconds_left:
                    raise
                self._seconds_left -= seconds
                time.sleep(seconds)

    def _record(self, kind: str, **data: Any) -> None:
        self._ledger.record(self._stream, NewEvent(kind, data))
