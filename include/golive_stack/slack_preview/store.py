"""Channels and messages in one SQLite file, so that a restart forgets nothing."""

import base64
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS channel (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                                    archived INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS message (channel TEXT NOT NULL REFERENCES channel, ts TEXT NOT NULL, thread_ts TEXT,
                                    body TEXT NOT NULL, PRIMARY KEY (channel, ts));
"""
_LOCK_SECONDS = 10


@dataclass(frozen=True)
class Channel:
    id: str
    name: str
    archived: bool


@dataclass(frozen=True)
class Stored:
    """A message in a channel. ``ts`` is Slack's text of seconds and six decimals; ``thread_ts`` that of its root."""

    ts: str
    thread_ts: str | None
    body: Mapping[str, Any]


class Store:
    """All access to the file; safe to share between threads."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, timeout=_LOCK_SECONDS, check_same_thread=False)
        self._database.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def add_channels(self, names: Iterable[str]) -> None:
        """Create what is not there yet; an id follows from its name, so it never changes."""
        with self._lock, self._database:
            for name in names:
                bare = name.removeprefix("#")
                self._database.execute("INSERT OR IGNORE INTO channel (id, name) VALUES (?, ?)", (_id(bare), bare))

    def archive(self, name: str) -> None:
        with self._lock, self._database:
            self._database.execute("UPDATE channel SET archived = 1 WHERE name = ?", (name,))

    def clear(self) -> None:
        """Forget every message and open every channel."""
        with self._lock, self._database:
            self._database.execute("DELETE FROM message")
            self._database.execute("UPDATE channel SET archived = 0")

    def channels(self) -> tuple[Channel, ...]:
        """In the order of creation."""
        with self._lock:
            rows = self._database.execute("SELECT id, name, archived FROM channel ORDER BY rowid").fetchall()
        return tuple(Channel(identifier, name, bool(archived)) for identifier, name, archived in rows)

    def add(self, channel: Channel, thread_ts: str | None, body: Mapping[str, Any]) -> Stored:
        """Append a message; its ``ts`` is later than every other in the channel."""
        with self._lock, self._database:
            row = self._database.execute("SELECT max(ts) FROM message WHERE channel = ?", (channel.id,)).fetchone()
            ts = _after(row[0])
            values = (channel.id, ts, thread_ts, json.dumps(body, ensure_ascii=False))
            self._database.execute("INSERT INTO message (channel, ts, thread_ts, body) VALUES (?, ?, ?, ?)", values)
        return Stored(ts, thread_ts, body)

    def messages(self, channel: Channel) -> tuple[Stored, ...]:
        """Every message of the channel, replies too, oldest first."""
        query = "SELECT ts, thread_ts, body FROM message WHERE channel = ? ORDER BY ts"
        with self._lock:
            rows = self._database.execute(query, (channel.id,)).fetchall()
        return tuple(Stored(ts, thread_ts, json.loads(body)) for ts, thread_ts, body in rows)


def _id(name: str) -> str:
    return "C" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:10].translate({ord("="): "0"})


def _after(last: str | None) -> str:
    now = time.time_ns() // 1000
    if last is not None:
        now = max(now, int(last.replace(".", "")) + 1)
    return f"{now // 1_000_000}.{now % 1_000_000:06d}"
