"""The stack's record as it lies in PostgreSQL and on disk, read without a line of Golive's own code."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

LEDGER = "golive_ledger"
_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


@dataclass(frozen=True)
class Event:
    """A row of ``ledger.event``; ``text`` is its data byte for byte, ``written`` its time as it is hashed."""

    stream: str
    sequence: int
    kind: str
    text: str
    actor: str
    written: str
    at: datetime
    digest: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.text))


@dataclass(frozen=True)
class Batch:
    """A row of ``ledger.batch``."""

    stream: str
    number: int
    first: int
    last: int
    contents: list[str]
    evidence: list[str]
    head: str
    previous: str
    client: str
    digest: str
    key: str
    signature: str


@dataclass(frozen=True)
class World:
    """One stack: its folder, its remembered choices and its ledger's rows by stream."""

    home: Path
    state: Mapping[str, Any]
    events: Mapping[str, list[Event]]
    batches: Mapping[str, list[Batch]]
    _evidence: dict[str, bytes] = field(default_factory=dict)

    @property
    def releases(self) -> dict[str, list[Event]]:
        return {
            name.removeprefix("release/"): rows for name, rows in self.events.items() if name.startswith("release/")
        }

    @property
    def environments(self) -> dict[str, list[Event]]:
        return self._streams("environment/")

    def _streams(self, prefix: str) -> dict[str, list[Event]]:
        return {name.removeprefix(prefix): rows for name, rows in self.events.items() if name.startswith(prefix)}

    @contextmanager
    def database(self, name: str = LEDGER) -> Iterator[psycopg.Connection[Any]]:
        """A session as the superuser of the stack's server."""
        with connect(self.state, name) as session:
            yield session

    def databases(self) -> list[str]:
        with self.database("postgres") as session:
            rows = session.execute("SELECT datname FROM pg_database WHERE NOT datistemplate").fetchall()
        return sorted(str(name) for (name,) in rows)

    def evidence(self, digest: str) -> bytes:
        """Evidence, its digest checked. Raises ``LookupError``."""
        if digest not in self._evidence:
            with self.database() as session:
                query = "SELECT content FROM ledger.evidence_chunk WHERE digest = %s ORDER BY number"
                content = b"".join(bytes(row[0]) for row in session.execute(query, (digest,)))
            if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
                raise LookupError(f"evidence {digest} is missing or was changed")
            self._evidence[digest] = content
        return self._evidence[digest]

    def manifest(self, release: str, digest: str) -> dict[str, Any]:
        """A submitted manifest by its identity."""
        return self._submitted(self.releases[release], "release.submitted", "manifest", digest)

    def inventory(self, environment: str, digest: str) -> dict[str, Any]:
        """A submitted environment file by its digest."""
        return self._submitted(self.environments[environment], "environment.submitted", "environment", digest)

    def host_home(self, environment: str, host: str) -> Path:
        return self.home / "hosts" / environment / host / "home"

    def _submitted(self, rows: list[Event], kind: str, name: str, digest: str) -> dict[str, Any]:
        for row in reversed(rows):
            if row.kind == kind and row.data[name] == digest:
                return dict(json.loads(self.evidence(row.data["content"])))
        raise LookupError(f"nothing was submitted under {digest}")


@contextmanager
def connect(state: Mapping[str, Any], name: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        host="127.0.0.1",
        port=state["ports"]["postgres"],
        user="postgres",
        password=state["passwords"]["postgres"],
        dbname=name,
        autocommit=True,
        connect_timeout=5,
        application_name="checker",
        options="-c statement_timeout=60000 -c timezone=UTC",
    ) as session:
        yield session


def read_world(home: Path) -> World:
    """Everything of one moment. Raises ``OSError`` without a stack, ``psycopg.Error`` without its server."""
    state = json.loads((home / "state" / "stack.json").read_text(encoding="utf-8"))
    events: dict[str, list[Event]] = {}
    batches: dict[str, list[Batch]] = {}
    with connect(state, LEDGER) as session, session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        query = f"SELECT stream, sequence, kind, data, actor, {_AT}, at, digest FROM ledger.event ORDER BY 1, 2"
        for row in session.execute(query):
            events.setdefault(row[0], []).append(Event(*row))
        names = "stream, number, first, last, contents, evidence, head, previous, client, digest, key, signature"
        for row in session.execute(f"SELECT {names} FROM ledger.batch ORDER BY 1, 2"):
            batch = Batch(*row[:4], json.loads(row[4]), json.loads(row[5]), *row[6:])
            batches.setdefault(batch.stream, []).append(batch)
    return World(home, state, events, batches)
