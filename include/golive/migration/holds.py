"""While rows are synchronised the target's foreign keys are deferrable and act on nothing, and its triggers are off.

Everything is a change of the catalogue alone, committed together with the row that says how it was. A foreign key
with an action (``ON DELETE CASCADE``) would delete rows that only leave and come back, so a plain deferrable one
stands in for it. Given back, it holds for every new row at once; what stands is validated afterwards (``validate``),
while the application writes.
"""

from functools import partial
from typing import Any

from golive.migration.control import check_fence
from golive.migration.names import TableName, literal, quoted
from golive.migration.settings import Migration
from golive.migration.statements import Session, patiently, rows, run

SECONDS = 120.0
_Hold = tuple[str, str, str, str, str]
"""Table, name, the statement that holds, the one that releases, the one for later."""


def hold(session: Session, migration: Migration, seconds: float = SECONDS) -> None:
    """Makes the target ready for a pass; nothing to do when it is. Raises ``LockBusy``."""
    tables = _values(migration)
    wanted = [_foreign_key(row) for row in rows(session, FOREIGN_KEYS.format(tables=tables))]
    wanted += [_trigger(row) for row in rows(session, TRIGGERS.format(tables=tables))]
    for table, name, hold_sql, release_sql, later_sql in wanted:
        record = (
            'INSERT INTO golive_migration.held (migration, "table", name, hold_sql, release_sql, later_sql) VALUES ('
            + ", ".join(map(literal, (migration.name, table, name, hold_sql, release_sql, later_sql)))
            + ")"
        )
        work = partial(_fenced, session, migration, f"{hold_sql}; {record}")
        patiently(session, f"{name} of {table}", seconds, (), work)


def release(session: Session, migration: Migration, seconds: float = SECONDS, also: str = "SELECT") -> None:
    """Gives every foreign key and trigger back as it was, all in one moment, and with it executes ``also``.

    Raises ``LockBusy``, ``StaleMigration``.
    """
    found = rows(session, HELD.format(migration=literal(migration.name), state="released_at IS NULL"))
    statements = [also, *(statement for _number, statement, _later in reversed(found))]
    numbers = ", ".join(str(number) for number, _statement, _later in found) or "NULL"
    statements.append(
        "UPDATE golive_migration.held SET released_at = clock_timestamp()"
        f" WHERE migration = {literal(migration.name)} AND number IN ({numbers})"
    )
    work = partial(_fenced, session, migration, ";".join(statements))
    patiently(session, "hand-over of foreign keys", seconds, (), work)


def validate(session: Session, migration: Migration) -> None:
    """Has the foreign keys that were given back checked against every row; writers go on meanwhile."""
    state = "released_at IS NOT NULL AND later_sql <> ''"
    for number, _release, later in rows(session, HELD.format(migration=literal(migration.name), state=state)):
        run(session, later)
        run(
            session,
            "UPDATE golive_migration.held SET later_sql = ''"
            f" WHERE migration = {literal(migration.name)} AND number = {number}",
        )


def _fenced(session: Session, migration: Migration, statements: str) -> None:
    """A worker that was overtaken must not touch the keys of a database that is in use."""
    run(session, statements)
    check_fence(session, migration.token)


def _foreign_key(row: tuple[Any, ...]) -> _Hold:
    oid, schema, table, name, acts, definition, plain, loose, valid = row
    relation = TableName(schema, table)
    key, alter = quoted(name), f"ALTER TABLE {relation.sql}"
    if not acts:
        change = f"{alter} ALTER CONSTRAINT {key}"
        return relation.sql, name, f"{change} DEFERRABLE INITIALLY IMMEDIATE", f"{change} NOT DEFERRABLE", ""
    stand_in, skip = f"golive_hold_{oid}", " NOT VALID" if loose or not valid else ""
    return (
        relation.sql,
        name,
        f"{alter} DROP CONSTRAINT {key}, ADD CONSTRAINT {stand_in} {plain} DEFERRABLE{skip}",
        f"{alter} DROP CONSTRAINT {stand_in}, ADD CONSTRAINT {key} {definition}{skip}",
        f"{alter} VALIDATE CONSTRAINT {key}" if skip and valid else "",
    )


def _trigger(row: tuple[Any, ...]) -> _Hold:
    schema, table, name, enabled = row
    relation = TableName(schema, table)
    alter, trigger = f"ALTER TABLE ONLY {relation.sql}", quoted(name)
    again = {"O": "ENABLE", "A": "ENABLE ALWAYS"}[enabled]
    return relation.sql, name, f"{alter} DISABLE TRIGGER {trigger}", f"{alter} {again} TRIGGER {trigger}", ""


def _values(migration: Migration) -> str:
    return ", ".join(f"({literal(flow.target.sql)}::regclass::oid)" for flow in migration.flows)


HELD = """
SELECT number, release_sql, later_sql FROM golive_migration.held
WHERE migration = {migration} AND {state} ORDER BY number
"""

FOREIGN_KEYS = """
WITH RECURSIVE wanted (oid) AS (
    VALUES {tables} UNION SELECT i.inhrelid FROM pg_inherits i JOIN wanted ON i.inhparent = wanted.oid)
SELECT k.oid, n.nspname, c.relname, k.conname, k.confupdtype <> 'a' OR k.confdeltype <> 'a',
       regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
       'FOREIGN KEY (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place)
            FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number)
       || ') REFERENCES ' || quote_ident(fn.nspname) || '.' || quote_ident(f.relname) || '('
       || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place)
            FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
       || CASE WHEN k.confmatchtype = 'f' THEN ') MATCH FULL' ELSE ')' END,
       c.relkind <> 'p' OR current_setting('server_version_num')::integer >= 180000, k.convalidated
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'
  AND (k.conrelid IN (SELECT oid FROM wanted) OR k.confrelid IN (SELECT oid FROM wanted))
  AND (NOT k.condeferrable OR k.confupdtype <> 'a' OR k.confdeltype <> 'a') ORDER BY k.oid
"""
"""Foreign keys from and to the target's tables that would check at once, or act; and how to say them plainly."""

TRIGGERS = """
WITH RECURSIVE wanted (oid) AS (
    VALUES {tables} UNION SELECT i.inhrelid FROM pg_inherits i JOIN wanted ON i.inhparent = wanted.oid)
SELECT n.nspname, c.relname, t.tgname, t.tgenabled FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE t.tgrelid IN (SELECT oid FROM wanted) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
  AND pn.nspname <> 'golive_capture' ORDER BY t.oid
"""
"""Triggers that would fire for what a pass writes; ours, which keep a frozen table closed, let us through."""
