"""What must hold on the target beyond its rows: sequences, constraints, indexes, foreign keys without orphans."""

from collections.abc import Iterator
from typing import Any

import psycopg

from golive.migration.names import TableName, quoted
from golive.migration.verdict import Flaw, ObjectFlaw

About = dict[str, Any]
"""The queries' parameters: ``tables`` (oids) and ``migration`` (its name)."""

_MISSING = {
    "index": Flaw.INDEX_MISSING,
    "parent": Flaw.INDEX_MISSING,
    "key": Flaw.CONSTRAINT_MISSING,
    "foreign": Flaw.CONSTRAINT_MISSING,
    "trigger": Flaw.TRIGGER_MISSING,
}

NOT_VALID = """
SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
WHERE k.conrelid = ANY (%(tables)s) AND NOT k.convalidated AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true'
  AND k.conname NOT LIKE 'golive\\_hold\\_%%' ORDER BY 1, 2
"""
"""``conenforced`` is PostgreSQL 18's: a constraint that is meant not to be enforced is no flaw. Nor is one that stands
in for a held foreign key (``holds``); orphans are looked for whether it is valid or not."""

BROKEN_INDEXES = """
SELECT x.indrelid::regclass::text, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
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

MISSING = """
SELECT coalesce(to_regclass(a."table")::text, a."table"), a.name, a.kind FROM golive_migration.aside a
WHERE a.migration = %(migration)s AND a.dropped_at IS NOT NULL AND CASE
  WHEN a.kind IN ('index', 'parent') THEN NOT EXISTS (SELECT FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid = to_regclass(a."table") AND i.relname = a.name)
  WHEN a.kind IN ('key', 'foreign') THEN NOT EXISTS (SELECT FROM pg_constraint k
    WHERE k.conrelid = to_regclass(a."table") AND k.conname = a.name)
  WHEN a.kind = 'trigger' THEN NOT EXISTS (SELECT FROM pg_trigger g
    WHERE g.tgrelid = to_regclass(a."table") AND g.tgname = a.name AND g.tgenabled IN ('O', 'A'))
  ELSE false END
ORDER BY 1, 2
"""
"""What was put aside before the load and does not stand again."""

HELD = """
SELECT to_regclass("table")::text, name FROM golive_migration.held
WHERE migration = %(migration)s AND released_at IS NULL
"""
"""Foreign keys and triggers that passes keep loose until the hand-over: they are no flaw until then."""

FOREIGN_KEYS = """
SELECT k.conname, n.nspname, c.relname, pn.nspname, p.relname, k.confmatchtype = 'f',
  (SELECT array_agg(a.attname::text ORDER BY u.o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
  (SELECT array_agg(a.attname::text ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n),
  (SELECT array_agg('OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')' ORDER BY u.o)
   FROM unnest(k.conpfeqop) WITH ORDINALITY u(n, o) JOIN pg_operator o ON o.oid = u.n
   JOIN pg_namespace s ON s.oid = o.oprnamespace)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY (%(tables)s)
  AND coalesce(to_jsonb(k)->>'conperiod', 'false') = 'false' ORDER BY 2, 3, 1
"""
"""With the operators by which they compare. A key over a period (PostgreSQL 18) compares otherwise, and is left out."""


def flaws(session: psycopg.Connection, migration: str, tables: tuple[TableName, ...]) -> tuple[ObjectFlaw, ...]:
    """Every flaw of the tables' objects, in one snapshot if the session is in one."""
    names = [table.sql for table in tables]
    found = session.execute("SELECT array_agg(to_regclass(n)::oid) FROM unnest(%s::text[]) n", (names,)).fetchone()
    about: dict[str, Any] = {"tables": found[0] or [] if found else [], "migration": migration}
    loose = _held(session, about)
    named = (
        *_named(session, NOT_VALID, about, Flaw.CONSTRAINT_NOT_VALID),
        *_named(session, BROKEN_INDEXES, about, Flaw.INDEX_NOT_VALID),
        *_missing(session, about),
    )
    return (
        *(flaw for flaw in named if (flaw.table, flaw.name) not in loose),
        *_behind(session, about),
        *_orphans(session, about),
    )


def _held(session: psycopg.Connection, about: About) -> frozenset[tuple[str, str]]:
    if not _exists(session, "golive_migration.held"):
        return frozenset()
    return frozenset((table, name) for table, name in session.execute(HELD.encode(), about))


def _missing(session: psycopg.Connection, about: About) -> Iterator[ObjectFlaw]:
    if not _exists(session, "golive_migration.aside"):
        return
    for table, name, kind in session.execute(MISSING.encode(), about).fetchall():
        yield ObjectFlaw(_MISSING[kind], table, name)


def _exists(session: psycopg.Connection, table: str) -> bool:
    return session.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone() == (True,)


def _named(session: psycopg.Connection, query: str, about: About, flaw: Flaw) -> Iterator[ObjectFlaw]:
    for table, name in session.execute(query.encode(), about).fetchall():
        yield ObjectFlaw(flaw, table, name)


def _behind(session: psycopg.Connection, about: About) -> Iterator[ObjectFlaw]:
    """Sequences whose next value is one that the table has, or has passed."""
    for schema, name, table_schema, table, column, step in session.execute(SEQUENCES.encode(), about).fetchall():
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


def _orphans(session: psycopg.Connection, about: About) -> Iterator[ObjectFlaw]:
    """A valid foreign key proves nothing of rows that came in while triggers were off: they are looked for."""
    for name, *child, schema, parent, full, ours, theirs, operators in session.execute(FOREIGN_KEYS.encode(), about):
        table = TableName(*child)
        query = orphans_sql(table, TableName(schema, parent), tuple(ours), tuple(theirs), tuple(operators), full=full)
        counted = session.execute(query.encode()).fetchone()
        if counted and counted[0]:
            yield ObjectFlaw(Flaw.ORPHANS, str(table), name, counted[0])


def orphans_sql(
    child: TableName,
    parent: TableName,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    operators: tuple[str, ...] = (),
    *,
    full: bool = False,
) -> str:
    """Counts rows of ``child`` whose key is set (``full``: in part too) and not among ``parent``'s."""
    pairs = zip(theirs, operators or ("=",) * len(ours), ours, strict=True)
    same = " AND ".join(f"p.{quoted(there)} {operator} c.{quoted(here)}" for there, operator, here in pairs)
    how = "OR" if full else "AND"
    is_set = f" {how} ".join(f"c.{quoted(here)} IS NOT NULL" for here in ours)
    return (
        f"SELECT count(*) FROM {child.sql} c WHERE ({is_set}) AND NOT EXISTS (SELECT FROM {parent.sql} p WHERE {same})"
    )
