"""What this process has read already. Committed events never change, so only newer ones are asked for."""

import os
import threading

import sqlalchemy as sa

from golive.canonical import Digest
from golive.ledger.events import Event
from golive.ledger.rows import read_events, to_events

_STREAMS_KEPT = 32


class Known:
    """Events by stream; threads may share it, a forked process makes its own."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._streams: dict[str, tuple[Event, ...]] = {}

    def refresh(self, connection: sa.Connection, stream: str, head: Digest | None = None) -> tuple[Event, ...]:
        """All events of ``stream``, the known ones from memory as long as the last of them is still there.

        When that last one is ``head``, as a batch just read says, nothing is asked.
        """
        with self._lock:
            known = self._streams.get(stream, ())
        if known and known[-1].digest == head:
            return known
        # The last known event is read again: when it is gone or another, the database is not the one we know.
        rows = read_events(connection, stream, len(known) - 1 if known else 0)
        if known and (not rows or rows[0].digest != known[-1].digest):
            with self._lock:
                self._streams.pop(stream, None)
            return to_events(read_events(connection, stream), None)
        return known + to_events(rows[1:], known[-1]) if known else to_events(rows, None)

    def add(self, stream: str, events: tuple[Event, ...]) -> None:
        """Keeps committed events; the streams used last stay, within a bound."""
        with self._lock:
            known = self._streams.pop(stream, ())
            self._streams[stream] = max(known, events, key=len)
            while len(self._streams) > _STREAMS_KEPT:
                self._streams.pop(next(iter(self._streams)))
