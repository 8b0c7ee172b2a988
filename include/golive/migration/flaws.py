"""What must hold on the target beyond its rows: sequences, constraints, indexes, foreign keys without orphans."""

from collections.abc import Iterator

import psycopg

from golive.migration.names import TableName, quoted
from golive.migration.verdict import Flaw, ObjectFlaw

NOT_VALID = """
SELECT n.nspname || '.' || c.relname, k.conname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = ANY (%(tables)s) AND NOT k.convalidated AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true'
ORDER BY 1, 2
"""
"""``conenforced`` is PostgreSQL 18's: a constraint that is meant not to be enforced is no flaw."""

BROKEN_INDEXES = """
SELECT n.nspname || '.' || c.relname, i.relname
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE x.indrelid = ANY (%(tables)s) AND NOT (x.indisvalid AND x.indisready AND x.indislive) ORDER BY 1, 2
"""

SEQUENCES = """
SELECT DISTINCT sn.nspname, s.relname, n.nspname, c.relname, a.attname, q.seqincrement
FROM pg_depend d
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
JOIN pg_class s ON s.relkind = 'S' AND s.oid = CASE WHEN f.oid IS NULL THEN d.objid ELSE d.refobjid END
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_attribute a ON a.attrelid = coalesce(f.adrelid, d.refobjid) AND a.attnum = coalesce(f.adnum, d.refobjsubid)
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (%(tables)s) AND a.attnum > 0 AND a.atttypid = ANY ('{int2,int4,int8,numeric}'::regtype[])
  AND (f.oid IS NOT NULL OR (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.deptype IN ('a', 'i')))
ORDER BY 1, 2
"""
"""Owned and identity sequences, and those that a default draws from."""

FOREIGN_KEYS = """
SELECT k.conname, n.nspname, c.relname, pn.nspname, p.relname, k.confmatchtype = 'f',
  (SELECT array_agg(a.attname::text ORDER BY u.o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
  (SELECT array_agg(a.attname::text ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY (%(tables)s) ORDER BY 2, 3, 1
"""


def flaws(session: psycopg.Connection, tables: tuple[TableName, ...]) -> tuple[ObjectFlaw, ...]:
    """Every flaw of the tables' objects, in one snapshot if the session is in one."""
    found = session.execute(
        "SELECT array_agg(to_regclass(name)::oid) FROM unnest(%s::text[]) AS name", ([table.sql for table in tables],)
    ).fetchone()
    oids = {"tables": found[0] or [] if found else []}
    return (
        *_named(session, NOT_VALID, oids, Flaw.CONSTRAINT_NOT_VALID),
        *_named(session, BROKEN_INDEXES, oids, Flaw.INDEX_NOT_VALID),
        *_behind(session, oids),
        *_orphans(session, oids),
    )


def _named(session: psycopg.Connection, query: str, oids: dict[str, object], flaw: Flaw) -> Iterator[ObjectFlaw]:
    for table, name in session.execute(query.encode(), oids).fetchall():
        yield ObjectFlaw(flaw, table, name)


def _behind(session: psycopg.Connection, oids: dict[str, object]) -> Iterator[ObjectFlaw]:
    """Sequences whose next value is one that the table has, or has passed."""
    for schema, name, table_schema, table, column, step in session.execute(SEQUENCES.encode(), oids).fetchall():
        sequence, relation = TableName(schema, name), TableName(table_schema, table)
        lag = session.execute(lag_sql(sequence, relation, column, step).encode()).fetchone()
        if lag and lag[0] is not None and lag[0] > 0:
            yield ObjectFlaw(Flaw.SEQUENCE_BEHIND, str(relation), str(sequence), int(lag[0]))


def lag_sql(sequence: TableName, table: TableName, column: str, step: int) -> str:
    """By how much the sequence's next value is behind what the table has; not above 0 is right, NULL an empty table."""
    following = f"(SELECT CASE WHEN is_called THEN last_value + {step} ELSE last_value END FROM {sequence.sql})"
    if step > 0:
        return f"SELECT max({quoted(column)})::numeric + 1 - {following} FROM {table.sql}"
    return f"SELECT {following} + 1 - min({quoted(column)})::numeric FROM {table.sql}"


def _orphans(session: psycopg.Connection, oids: dict[str, object]) -> Iterator[ObjectFlaw]:
    """A valid foreign key proves nothing of rows that came in while triggers were off: they are looked for."""
    for name, *child, parent_schema, parent, full, ours, theirs in session.execute(FOREIGN_KEYS.encode(), oids):
        table = TableName(*child)
        query = orphans_sql(table, TableName(parent_schema, parent), tuple(ours), tuple(theirs), full=full)
        counted = session.execute(query.encode()).fetchone()
        if counted and counted[0]:
            yield ObjectFlaw(Flaw.ORPHANS, str(table), name, counted[0])


def orphans_sql(
    child: TableName, parent: TableName, ours: tuple[str, ...], theirs: tuple[str, ...], *, full: bool = False
) -> str:
    """Counts rows of ``child`` whose key is set (``full``: in part too) and not among ``parent``'s."""
    pairs = zip(ours, theirs, strict=True)
    same = " AND ".join(f"p.{quoted(there)} = c.{quoted(here)}" for here, there in pairs)
    how = "OR" if full else "AND"
    is_set = f" {how} ".join(f"c.{quoted(here)} IS NOT NULL" for here in ours)
    return (
        f"SELECT count(*) FROM {child.sql} c WHERE ({is_set}) AND NOT EXISTS (SELECT FROM {parent.sql} p WHERE {same})"
    )
