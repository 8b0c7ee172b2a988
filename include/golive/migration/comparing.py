"""One flow compared on both servers at once, in snapshots that stay as they are until it is done."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg

from golive.migration import digests
from golive.migration.digests import Side
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow
from golive.migration.merging import Found, Hashed, differences
from golive.migration.names import literal

Result = TypeVar("Result")
Row = tuple[Any, ...]
_FETCH = 5_000
_BYTES_A_ROW = 128
_SETTINGS = {
    "work_mem": "64MB",
    "enable_sort": "off",  # the planner takes every row for a group of its own, and would sort them all on the disk
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
}


@dataclass(frozen=True)
class Reader:
    """A session inside a snapshot of one side. ``recode``: its texts are not in UTF-8."""

    endpoint: Endpoint
    session: psycopg.Connection
    recode: bool

    def all(self, query: str) -> list[Row]:
        with self.endpoint.told():
            return self.session.execute(query.encode()).fetchall()

    def stream(self, query: str) -> Iterator[Row]:
        """Rows in blocks, in flat memory; the first block is here when this returns."""
        with self.endpoint.told():
            cursor = self.session.cursor("golive_rows")
            block = cursor.execute(query.encode()).fetchmany(_FETCH)
        return self._blocks(cursor, block)

    def _blocks(self, cursor: "psycopg.ServerCursor[Row]", block: list[Row]) -> Iterator[Row]:
        with self.endpoint.told(), cursor:
            while block:
                yield from block
                block = cursor.fetchmany(_FETCH)


@dataclass(frozen=True)
class Readers:
    source: Reader
    target: Reader


@contextmanager
def reading(endpoint: Endpoint, snapshot: str | None = None) -> Iterator[Reader]:
    """A session in ``snapshot``, or in one of its own. Raises ``ServerFailed`` when the snapshot has gone."""
    with endpoint.session("verify", **_SETTINGS) as session, session.transaction():
        if snapshot is not None:
            session.execute(f"SET TRANSACTION SNAPSHOT {literal(snapshot)}".encode())
        yield reader_of(endpoint, session)


def reader_of(endpoint: Endpoint, session: psycopg.Connection) -> Reader:
    """A session that is open. It must be in a transaction whose snapshot stays, or what it reads must."""
    return Reader(endpoint, session, session.info.parameter_status("server_encoding") != "UTF8")


def exported(reader: Reader) -> str:
    """A snapshot that others may take as long as ``reader`` is open."""
    return str(reader.all("SELECT pg_export_snapshot()")[0][0])


@dataclass(frozen=True)
class Comparison:
    """A flow, and how its rows are hashed on either side. ``count`` is the number of buckets."""

    readers: Readers
    flow: Flow
    source: Side
    target: Side
    count: int

    def buckets(self) -> tuple[dict[int, Row], dict[int, Row]]:
        """For each bucket: rows, and the sum of their hashes."""

        def read(reader: Reader, side: Side) -> dict[int, Row]:
            found = reader.all(digests.buckets(side, self.count))
            return {int(number): (int(rows), int(total)) for number, rows, total in found}

        return self._both(read)

    def differences(self, wanted: list[int]) -> Iterator[Found]:
        """Every difference in these buckets, by rising key hash."""

        def read(reader: Reader, side: Side) -> Iterator[Row]:
            return reader.stream(digests.rows(side, self.count, wanted))

        source, target = self._both(read)
        yield from differences(_hashed(source), _hashed(target))

    def full(self, hashes: list[int]) -> tuple[list[Row], list[Row]]:
        """The rows (key hash, row hash, texts of all columns) of these key hashes."""
        return self._both(lambda reader, side: reader.all(digests.full(side, hashes)))

    def _both(self, read: Callable[[Reader, Side], Result]) -> tuple[Result, Result]:
        with ThreadPoolExecutor(1, thread_name_prefix="golive-verify") as pool:
            source = pool.submit(read, self.readers.source, self.source)
            target = read(self.readers.target, self.target)
            return source.result(), target


def comparison(readers: Readers, flow: Flow, seed: int, ours: str = "", theirs: str = "") -> Comparison:
    """Prepares to compare all rows of a flow, or those for which the conditions over ``s`` and over ``t`` hold."""
    kind, size = _table(readers.target, flow)
    flow = _stored(readers.target, flow)
    source = digests.source_side(flow, seed, recode=readers.source.recode, condition=ours)
    target = digests.target_side(flow, seed, only=kind != "p", recode=readers.target.recode, condition=theirs)
    count = 1 if ours or theirs else digests.bucket_count(size // _BYTES_A_ROW)
    return Comparison(readers, flow, source, target, count)


def _table(reader: Reader, flow: Flow) -> tuple[str, int]:
    """The target table's kind and its bytes, those of its partitions included."""
    name = literal(flow.target.sql)
    sizes = f"SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree({name}::regclass) WHERE isleaf"
    size = f"coalesce(({sizes}), pg_relation_size(oid))"
    kind, found = reader.all(f"SELECT relkind::text, {size} FROM pg_class WHERE oid = {name}::regclass")[0]
    return str(kind), int(found)


def _stored(reader: Reader, flow: Flow) -> Flow:
    """The flow with its columns' types as the target stores them, read from the target itself."""
    types: dict[str, str] = dict(reader.all(digests.STORED_TYPES.format(table=literal(flow.target.sql))))
    return replace(
        flow, columns=tuple(replace(column, type=types.get(column.name, column.type)) for column in flow.columns)
    )


def _hashed(rows: Iterator[Row]) -> Iterator[Hashed]:
    return (Hashed(key_hash, row_hash, count, tuple(key)) for key_hash, row_hash, count, *key in rows)
