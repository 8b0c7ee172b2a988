"""Plans the chunks and writes them down; standing rows are thrown away here, where that is allowed."""

from collections.abc import Sequence

import psycopg

from golive.migration.chunks import Chunk, Extent, by_bounds, by_pages, whole
from golive.migration.control import check_fence
from golive.migration.flow import Flow, S
from golive.migration.names import TableName, quoted
from golive.migration.prepare import reach, state
from golive.migration.settings import Limits, Migration

EXTENT = """
SELECT (pg_relation_size(c.oid) / current_setting('block_size')::int)::bigint, pg_table_size(c.oid),
       nullif(pg_relation_filenode(c.oid), 0), c.reltuples::bigint
FROM pg_class c WHERE c.oid = %s::regclass"""
LOCK_CHUNKS = """
SELECT FROM golive_migration.chunk WHERE migration = %s AND flow = ANY(%s) ORDER BY flow, number FOR UPDATE"""
DROP_CHUNKS = "DELETE FROM golive_migration.chunk WHERE migration = %s AND flow = ANY(%s)"
PARTITIONED = "SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass"
CHUNKS_EACH = 4
LEAST_BYTES = 8 * 1024 * 1024
SAMPLE = 50_000
"""Rows of a query that are looked at to find where to split it."""


def plan_chunks(migration: Migration) -> None:
    """Once; called again it does nothing. Behind ``put_aside``: foreign keys would hinder the emptying."""
    with migration.target.session("plan") as target:
        if state(migration, target) != "begun":
            return
        with migration.source.session("plan") as source:
            size = chunk_size(migration.limits, sum(_size(source, flow) for flow in migration.flows))
            chunks = [chunk for flow in migration.flows for chunk in plan(source, flow, size)]
        with target.transaction():
            for table in sorted({flow.target for flow in migration.flows if flow.truncate}):
                _empty(target, table)
            write(target, migration, chunks)
            reach(migration, target, "planned")
            check_fence(target, migration.token)


def plan(source: psycopg.Connection, flow: Flow, chunk_bytes: int) -> tuple[Chunk, ...]:
    """The chunks of one flow, as the source is now."""
    if flow.pages:
        return by_pages(flow, [_extent(source, table)[0] for table in flow.pages], chunk_bytes)
    size = _size(source, flow)
    if flow.split is None or size <= chunk_bytes:
        return (whole(flow, size),)
    rows = max((_extent(source, entry.table)[1] for entry in flow.sources), default=0)
    return by_bounds(flow, _bounds(source, flow, max(2, round(size / chunk_bytes)), rows), size)


def chunk_size(limits: Limits, total: int) -> int:
    """Bytes of one chunk: small enough that all workers have some, and not so small that chunks cost more than rows."""
    share = total // (CHUNKS_EACH * max(1, limits.workers))
    return min(limits.chunk_bytes, max(LEAST_BYTES, share))


def plan_again(migration: Migration, name: str) -> None:
    """Everything that goes into a flow's table begins anew: its source was rewritten, and pages are elsewhere now."""
    target_table = next(flow.target for flow in migration.flows if flow.name == name)
    flows = [flow for flow in migration.flows if flow.target == target_table]
    with migration.source.session("plan") as source, migration.target.session("plan") as target, target.transaction():
        target.execute(LOCK_CHUNKS, (migration.name, [flow.name for flow in flows]))
        target.execute(DROP_CHUNKS, (migration.name, [flow.name for flow in flows]))
        _empty(target, target_table)
        write(
            target, migration, [piece for flow in flows for piece in plan(source, flow, migration.limits.chunk_bytes)]
        )
        check_fence(target, migration.token)


def _empty(target: psycopg.Connection, table: TableName) -> None:
    """A partitioned table with its leaves; any other one without those that inherit from it."""
    partitioned = target.execute(PARTITIONED, (table.sql,)).fetchone() == (True,)
    target.execute(f"TRUNCATE {'' if partitioned else 'ONLY '}{table.sql}".encode())


def write(target: psycopg.Connection, migration: Migration, chunks: Sequence[Chunk]) -> None:
    """In the caller's transaction."""
    with target.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO golive_migration.chunk"
            " (migration, flow, number, relation, condition, whole, estimate, file)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(migration.name, c.flow, c.number, c.relation, c.condition, c.whole, c.estimate, c.file) for c in chunks],
        )


def _size(source: psycopg.Connection, flow: Flow) -> int:
    """Bytes of what a flow reads: its table's leaves, or the tables whose rows are its units."""
    tables = flow.pages or tuple(entry.table for entry in flow.sources if entry.unit)
    return sum(_extent(source, table)[0].bytes for table in tables)


def _extent(source: psycopg.Connection, table: TableName) -> tuple[Extent, int]:
    """A table's size, and how many rows the planner believes in."""
    row = source.execute(EXTENT, (table.sql,)).fetchone()
    pages, size, file, rows = row if row else (0, 0, None, 0)
    return Extent(table, pages or 0, size or 0, file), rows or 0


def _bounds(source: psycopg.Connection, flow: Flow, count: int, rows: int) -> list[int]:
    """Where to cut a query so that its pieces are about even, however skewed or sparse its numbers are."""
    column = f"{S}.{quoted(flow.split or '')}"
    share = min(1.0, SAMPLE / max(rows, 1))
    where = " AND ".join(f"({part})" for part in (flow.where, f"random() < {share:.9f}") if part)
    cuts = ", ".join(f"{number / count:.9f}" for number in range(1, count))
    query = f"SELECT percentile_disc(ARRAY[{cuts}]::float8[]) WITHIN GROUP (ORDER BY {column})"
    row = source.execute(f"{query} FROM {flow.relation} {S} WHERE {where}".encode()).fetchone()
    return [bound for bound in (row[0] if row else None) or [] if bound is not None]
