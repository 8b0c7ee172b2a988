"""A sample of the rows, tried on a copy of the target: what a row would break is known before the night."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from golive.migration.causes import cause
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow
from golive.migration.names import TableName, literal, quoted

FOREIGN_KEYS = """
SELECT n.nspname, c.relname, k.conname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid IN ({tables})
"""


@dataclass(frozen=True)
class Tried:
    """One flow's sample; ``problem`` is empty where every row was taken, and names no value that is not public."""

    flow: str
    rows: int
    problem: str = ""


def try_sample(source: Endpoint, copy: Endpoint, flows: Sequence[Flow], rows: int) -> tuple[Tried, ...]:
    """Up to ``rows`` rows of each flow into ``copy``, whose foreign keys are dropped: a sample has no parents.

    Nothing else of ``copy`` is spared either: it must be a database that is thrown away.
    """
    with source.session("trial") as reader, copy.session("trial") as writer:
        _loosen(writer, flows)
        return tuple(_try(reader, writer, flow, rows) for flow in flows)


def _loosen(writer: psycopg.Connection, flows: Sequence[Flow]) -> None:
    tables = ", ".join(f"{literal(flow.target.sql)}::regclass" for flow in flows)
    for schema, table, name in writer.execute(FOREIGN_KEYS.format(tables=tables).encode()).fetchall():
        drop = f"ALTER TABLE {TableName(schema, table).sql} DROP CONSTRAINT {quoted(name)}"
        writer.execute(drop.encode())


def _try(reader: psycopg.Connection, writer: psycopg.Connection, flow: Flow, rows: int) -> Tried:
    form = "binary" if flow.binary else "text"
    out = f"COPY ({flow.select()} LIMIT {rows}) TO STDOUT (FORMAT {form})".encode()
    into = f"COPY {flow.target.sql} ({flow.name_list}) FROM STDIN (FORMAT {form})".encode()
    try:
        with writer.transaction(), reader.cursor() as old, writer.cursor() as new:
            if flow.truncate:
                new.execute(f"TRUNCATE {flow.target.sql} CASCADE".encode())
            with old.copy(out) as taken, new.copy(into) as given:
                for block in taken:
                    given.write(block)
            return Tried(flow.name, new.rowcount)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return Tried(flow.name, 0, cause(error).text())
