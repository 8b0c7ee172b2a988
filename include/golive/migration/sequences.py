"""Sequences of the target: never a number again that was given out, on either side."""

from functools import partial

import psycopg

from golive.migration.control import check_fence
from golive.migration.flow import Flow, S
from golive.migration.names import TableName, quoted
from golive.migration.retry import patiently
from golive.migration.settings import Migration

SEQUENCES = """
SELECT DISTINCT a.attname, d.sequence::regclass::text, s.seqincrement > 0
FROM pg_attribute a
JOIN (SELECT refobjid AS relation, refobjsubid AS number, objid AS sequence FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
      UNION
      SELECT f.adrelid, f.adnum, e.refobjid FROM pg_attrdef f JOIN pg_depend e
      ON e.classid = 'pg_attrdef'::regclass AND e.objid = f.oid AND e.refclassid = 'pg_class'::regclass
     ) d ON d.relation = a.attrelid AND d.number = a.attnum
JOIN pg_sequence s ON s.seqrelid = d.sequence
WHERE a.attrelid = %s::regclass ORDER BY 1, 2"""
"""Owned, identity, and those that a default uses."""
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"


def set_sequences(migration: Migration) -> None:
    """Each to at least what its column and the source's sequence have reached; never back. Safe to call again: after
    every pass that may have brought higher numbers, and at the hand-over."""
    patiently(partial(_set_all, migration))


def _set_all(migration: Migration) -> None:
    with migration.target.session("sequences") as target, migration.source.session("sequences") as source:
        set_sequences_in(migration, source, target)


def set_sequences_in(migration: Migration, source: psycopg.Connection, target: psycopg.Connection) -> None:
    """As ``set_sequences``, in sessions that are open: at the hand-over."""
    for flow in migration.flows:
        found = target.execute(SEQUENCES, (flow.target.sql,)).fetchall()
        given = {column: _given_out(source, flow, column) for column, _, _ in found}
        with target.transaction():
            for column, sequence, ascending in found:
                _set(target, flow.target, column, sequence, ascending, given[column])
            check_fence(target, migration.token)


def _given_out(source: psycopg.Connection, flow: Flow, column: str) -> list[int]:
    """What the source's sequences have reached for a column that comes over as it is: rows may be gone, numbers not."""
    plain = {f"{S}.{quoted(name)}": name for table in flow.sources for name in _columns(source, table.table)}
    expression = next((item.expression for item in flow.columns if item.name == column), "")
    name = plain.get(expression)
    reached = []
    for table in flow.sources:
        for its_column, sequence, _ in source.execute(SEQUENCES, (table.table.sql,)).fetchall():
            if its_column == name:
                reached += _last(source, sequence)
    return reached


def _columns(source: psycopg.Connection, table: TableName) -> list[str]:
    return [name for (name,) in source.execute(COLUMNS, (table.sql,)).fetchall()]


def _last(session: psycopg.Connection, sequence: str) -> list[int]:
    row = session.execute(f"SELECT last_value FROM {sequence} WHERE is_called".encode()).fetchone()
    return [row[0]] if row else []


def _set(
    target: psycopg.Connection, table: TableName, column: str, sequence: str, ascending: bool, given: list[int]
) -> None:
    furthest = "max" if ascending else "min"
    row = target.execute(f"SELECT {furthest}({quoted(column)})::bigint FROM {table.sql}".encode()).fetchone()
    values = [*given, *_last(target, sequence), *([row[0]] if row and row[0] is not None else [])]
    if values:
        value = max(values) if ascending else min(values)
        target.execute("SELECT setval(%s::regclass, %s)", (sequence, value))
