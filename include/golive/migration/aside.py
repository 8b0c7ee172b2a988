"""Puts aside what stands on the target's tables, so that rows come in fast, in any order; ``build`` makes it again."""

import psycopg

from golive.migration.aside_sql import STANDING
from golive.migration.control import check_fence
from golive.migration.prepare import state
from golive.migration.retry import patiently
from golive.migration.settings import Migration

RECORD = """
INSERT INTO golive_migration.aside (migration, number, phase, "table", name, kind, create_sql, drop_sql)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
NEXT = """
SELECT number, drop_sql FROM golive_migration.aside
WHERE migration = %s AND dropped_at IS NULL AND drop_sql <> '' ORDER BY phase DESC, number LIMIT %s FOR UPDATE"""
DROPPED = "UPDATE golive_migration.aside SET dropped_at = clock_timestamp() WHERE migration = %s AND number = ANY(%s)"
AT_ONCE = 20
"""How many things go in one transaction, whose locks are held for a moment only."""


def put_aside(migration: Migration) -> None:
    """Indexes, keys and foreign keys (those that point in, too) are dropped, triggers disabled; all is written down
    before the first one goes. Called again it goes on. Checks and NOT NULL stay: they cost little and refuse bad rows.
    """
    patiently(lambda: _record(migration))
    while patiently(lambda: _drop_next(migration)):
        pass


def _record(migration: Migration) -> None:
    with migration.target.session("aside") as session:
        if state(migration, session) not in ("begun", "planned") or _recorded(migration, session):
            return
        tables = sorted({flow.target.sql for flow in migration.flows})
        with session.transaction(), session.cursor() as cursor:
            standing = cursor.execute(STANDING.encode(), {"tables": tables}).fetchall()
            cursor.executemany(RECORD, [(migration.name, number, *row) for number, row in enumerate(standing)])
            check_fence(session, migration.token)


def _recorded(migration: Migration, session: psycopg.Connection) -> bool:
    found = session.execute("SELECT FROM golive_migration.aside WHERE migration = %s LIMIT 1", (migration.name,))
    return found.fetchone() is not None


def _drop_next(migration: Migration) -> bool:
    """A few at a time, with their marks. Whether there was one."""
    with migration.target.session("aside") as session, session.transaction():
        rows = session.execute(NEXT, (migration.name, AT_ONCE)).fetchall()
        for _number, statement in rows:
            session.execute(statement.encode())
        session.execute(DROPPED, (migration.name, [number for number, _statement in rows]))
        check_fence(session, migration.token)
        return bool(rows)
