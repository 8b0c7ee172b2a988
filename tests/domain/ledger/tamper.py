"""A superuser who can do anything to the database, and has no key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from golive.canonical import canonical
from golive.ledger.chain import GENESIS, Batch, Head, StoredEvent, link
from golive.ledger.signing import Signer

_TABLES = ("event", "batch", "evidence", "evidence_chunk")


class Superuser:
    """Switches the triggers off, and works on one ``stream`` until ``close`` switches them on again."""

    def __init__(self, postgres: Any, database: str, stream: str) -> None:
        self.stream = stream
        self._connection = postgres.connect(database)
        for table in _TABLES:
            self.run(f"ALTER TABLE ledger.{table} DISABLE TRIGGER ALL")
        self.run("SET search_path TO ledger")

    def run(self, statement: str, *parameters: object) -> None:
        self._connection.execute(statement, parameters)

    def update_event(self, change: str, *sequences: int) -> None:
        """``change`` is the SQL behind SET."""
        where = "stream = %s AND sequence = ANY(%s)"
        self._connection.execute(f"UPDATE event SET {change} WHERE {where}", (self.stream, list(sequences)))

    def update_batch(self, change: str, number: int) -> None:
        self._connection.execute(f"UPDATE batch SET {change} WHERE stream = %s AND number = %s", (self.stream, number))

    def delete_batch(self, number: int) -> None:
        self.run("DELETE FROM batch WHERE stream = %s AND number = %s", self.stream, number)

    def close(self) -> None:
        for table in _TABLES:
            self.run(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER only_grows")
        self._connection.close()

    def delete(self, sequence: int) -> None:
        self.run("DELETE FROM event WHERE stream = %s AND sequence = %s", self.stream, sequence)

    def move(self, sequence: int, to: int) -> None:
        self.run("UPDATE event SET sequence = %s WHERE stream = %s AND sequence = %s", to, self.stream, sequence)

    def insert(self, sequence: int, kind: str = "put.in") -> None:
        row = "(%s, %s, %s, '{}', 'mallory', now(), %s)"
        self.run(f"INSERT INTO event VALUES {row}", self.stream, sequence, kind, GENESIS)

    def swap(self, one: int, two: int) -> None:
        self.move(one, 10_000)
        self.move(two, one)
        self.move(10_000, two)

    def shift(self, start: int, end: int, by: int) -> None:
        """Moves the events start..end by one place up or down."""
        for sequence in sorted(range(start, end + 1), reverse=by > 0):
            self.move(sequence, sequence + by)

    def truncate(self, last_batch: int) -> None:
        """Cuts everything behind batch ``last_batch``, tidily."""
        self.run(
            "DELETE FROM event WHERE stream = %s AND sequence > "
            "coalesce((SELECT last FROM batch WHERE stream = %s AND number = %s), 0)",
            self.stream,
            self.stream,
            last_batch,
        )
        self.run("DELETE FROM batch WHERE stream = %s AND number > %s", self.stream, last_batch)

    def rewrite(self, events: Sequence[StoredEvent], batches: Sequence[Batch], signer: Signer | None = None) -> None:
        """Writes a chain that is right in every hash; signed again with ``signer`` when there is one."""
        previous = GENESIS
        digests = {0: GENESIS}
        for event in events:
            digests[event.sequence] = link(event.stream, event.sequence, digests[event.sequence - 1], event.content)
            self.run(
                "UPDATE event SET kind = %s, data = %s, digest = %s WHERE stream = %s AND sequence = %s",
                event.kind,
                event.data,
                digests[event.sequence],
                event.stream,
                event.sequence,
            )
        for old in batches:
            contents = tuple(event.content for event in events if old.first <= event.sequence <= old.last)
            batch = replace(old, contents=contents, head=digests[old.last], previous=previous)
            previous = self._write(batch, signer)

    def _write(self, batch: Batch, signer: Signer | None) -> str:
        if signer:
            batch = replace(batch, key=signer.key)
        batch = replace(batch, digest=batch.computed_digest())
        if signer:
            batch = replace(batch, signature=signer.sign(Head.of(batch, "").message))
        self.run(
            "UPDATE batch SET contents = %s, head = %s, previous = %s, digest = %s, key = %s, signature = %s "
            "WHERE stream = %s AND number = %s",
            canonical(batch.contents).decode(),
            batch.head,
            batch.previous,
            batch.digest,
            batch.key,
            batch.signature,
            batch.stream,
            batch.number,
        )
        return batch.digest


def data(**fields: object) -> str:
    return canonical(fields).decode()
