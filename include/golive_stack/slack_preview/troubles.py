"""Troubles on demand: how the preview is told to behave like Slack on a bad day."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from golive_stack.slack_preview.store import Store


class Troubles:
    """What is wrong just now. Counts go down as calls meet them; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limited, self._retry_after = 0, 1
        self._drops = 0
        self._down_until = 0.0

    def limit(self, count: int, retry_after: int) -> None:
        """The next ``count`` calls are told to come back after ``retry_after`` seconds."""
        with self._lock:
            self._limited, self._retry_after = count, retry_after

    def go_down(self, seconds: int) -> None:
        with self._lock:
            self._down_until = time.monotonic() + seconds

    def drop(self, count: int) -> None:
        """The next ``count`` posts take effect and are not answered."""
        with self._lock:
            self._drops = count

    def down(self) -> bool:
        with self._lock:
            return time.monotonic() < self._down_until

    def limited(self) -> int | None:
        """The seconds to wait, when this call is one too many."""
        with self._lock:
            if not self._limited:
                return None
            self._limited -= 1
            return self._retry_after

    def dropped(self) -> bool:
        with self._lock:
            if not self._drops:
                return False
            self._drops -= 1
            return True

    def end(self) -> None:
        """All is well again."""
        with self._lock:
            self._limited = self._drops = 0
            self._down_until = 0.0


Order = Callable[[Troubles, Store, Mapping[str, Any]], None]


def _clear(troubles: Troubles, store: Store, _given: Mapping[str, Any]) -> None:
    troubles.end()
    store.clear()


ORDERS: Mapping[str, Order] = {
    "ratelimit": lambda troubles, _, given: troubles.limit(given.get("count", 1), given.get("retry_after", 1)),
    "down": lambda troubles, _, given: troubles.go_down(given.get("seconds", 1)),
    "drop": lambda troubles, _, given: troubles.drop(given.get("count", 1)),
    "archive": lambda _, store, given: store.archive(given["channel"]),
    "clear": _clear,
}
"""What ``POST /preview/NAME`` does with the JSON object it is given."""
