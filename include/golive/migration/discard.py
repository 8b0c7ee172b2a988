"""A migration that will not go live: the source is left as it was found, and the target has none of its rows."""

import psycopg

from golive.migration.build import put_back
from golive.migration.capture import end_capture
from golive.migration.control import check_fence, raise_fence
from golive.migration.holds import release
from golive.migration.settings import Migration

TABLES = ("chunk", "aside", "held", "pass", "changed_unit", "throttle", "migration")


def discard(migration: Migration, reverse: Migration) -> bool:
    """Whether there was anything to take back. ``reverse`` is its way back, which may have left the target closed.

    May be called again. Raises ``LockBusy``, ``StaleMigration``.
    """
    end_capture(migration)
    end_capture(reverse)
    _forget(reverse)
    with migration.target.session("discard") as session:
        if not _begun(session, migration):
            return False
        raise_fence(session, migration.token)
        release(session, migration)
        _empty(session, migration)
    put_back(migration)
    _forget(migration)
    return True


def _forget(migration: Migration) -> None:
    """Nothing of the migration is known on its target any more; our tables go with the last one that used them."""
    with migration.target.session("discard") as session, session.transaction():
        there = [table for table in TABLES if _exists(session, table)]
        for table in there:
            column = "name" if table == "migration" else "migration"
            session.execute(f"DELETE FROM golive_migration.{table} WHERE {column} = %s".encode(), (migration.name,))
        if there:
            check_fence(session, migration.token)
            tables = (*there, *_scripts(session))
            used = " OR ".join(f"EXISTS (SELECT FROM golive_migration.{table})" for table in tables)
            if session.execute(f"SELECT {used}".encode()).fetchone() == (False,):
                session.execute("DROP SCHEMA golive_migration CASCADE")


def _scripts(session: psycopg.Connection) -> tuple[str, ...]:
    return ("script",) if _exists(session, "script") else ()


def _exists(session: psycopg.Connection, table: str) -> bool:
    return session.execute("SELECT to_regclass(%s)", (f"golive_migration.{table}",)).fetchone() != (None,)


def _begun(session: psycopg.Connection, migration: Migration) -> bool:
    if not _exists(session, "migration"):
        return False
    found = session.execute("SELECT FROM golive_migration.migration WHERE name = %s", (migration.name,))
    return found.fetchone() is not None


def _empty(session: psycopg.Connection, migration: Migration) -> None:
    """The tables were empty, or given to be emptied, when the migration began. Rows of other tables that point at
    them are nobody's to take away: then the server refuses."""
    names = ", ".join(sorted({flow.target.sql for flow in migration.flows}))
    with session.transaction():
        session.execute(f"TRUNCATE {names}".encode())
        check_fence(session, migration.token)
