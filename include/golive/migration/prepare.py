"""The beginning: what is migrated is written down, and what would mix with something else is refused."""

import secrets
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from golive.canonical import digest
from golive.migration.control import check_fence, install_control, raise_fence
from golive.migration.errors import NotReady, OtherMigration, TargetNotEmpty
from golive.migration.names import TableName
from golive.migration.settings import Migration

Fingerprint = dict[str, str]
"""``source`` (system identifier and database), ``mapping``, ``source_schema``, ``target_schema``: what must not change
between a beginning and a resume."""

SYSTEM = """
SELECT s.system_identifier::text || '/' || d.oid
FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()"""
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated::text,
       coalesce((SELECT string_agg(e.enumlabel, E'\\x1f' ORDER BY e.enumsortorder)
                 FROM pg_enum e WHERE e.enumtypid = a.atttypid), '')
FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""


def prepare(migration: Migration) -> None:
    """Makes the control tables, raises the fence and writes down what is migrated; nothing else is changed.

    Called again it only compares. Raises ``OtherMigration``, ``TargetNotEmpty``, ``StaleMigration``.
    """
    with migration.target.session("prepare") as session:
        install_control(session)
        raise_fence(session, migration.token)
        wanted = fingerprint(migration, session)
        if _known(migration, session) is None:
            _refuse_rows(migration, session)
            _begin(migration, session, wanted)
        _compare(migration, _known(migration, session) or {}, wanted)  # also with one that began at the same time


def fingerprint(migration: Migration, target: psycopg.Connection) -> Fingerprint:
    """As both sides are now."""
    with migration.source.session("prepare") as source:
        row = source.execute(SYSTEM).fetchone()
        read = {source.table for flow in migration.flows for source in flow.sources}
        leaves = {leaf for flow in migration.flows for leaf in flow.pages}
        return {
            "source": str(row[0]) if row else "",
            "mapping": migration.digest,
            "source_schema": _schema(source, read | leaves),
            "target_schema": _schema(target, {flow.target for flow in migration.flows}),
        }


def secret(migration: Migration, session: psycopg.Connection) -> str:
    """The migration's random secret, by which keys are hashed wherever they are shown. Raises ``NotReady``."""
    return str(_one(session, migration, "secret"))


def state(migration: Migration, session: psycopg.Connection) -> str:
    """What was reached last: ``begun``, ``planned``, ``loaded``, ``built``, or a later step's word."""
    return str(_one(session, migration, "state"))


def reach(migration: Migration, session: psycopg.Connection, state: str) -> None:
    """Writes down that a step is done, in the caller's transaction."""
    session.execute(
        "UPDATE golive_migration.migration SET state = %s, changed_at = now() WHERE name = %s", (state, migration.name)
    )


def _one(session: psycopg.Connection, migration: Migration, column: str) -> Any:
    row = session.execute(
        f"SELECT {column} FROM golive_migration.migration WHERE name = %s".encode(), (migration.name,)
    ).fetchone()
    if row is None:
        raise NotReady(step=migration.name, missing="prepare")
    return row[0]


def _schema(session: psycopg.Connection, tables: set[TableName]) -> str:
    return digest([[str(table), session.execute(COLUMNS, (table.sql,)).fetchall()] for table in sorted(tables)])


def _known(migration: Migration, session: psycopg.Connection) -> Fingerprint | None:
    row = session.execute(
        "SELECT fingerprint FROM golive_migration.migration WHERE name = %s", (migration.name,)
    ).fetchone()
    return row[0] if row else None


def _compare(migration: Migration, known: Fingerprint, wanted: Fingerprint) -> None:
    changed = [name for name, value in wanted.items() if known.get(name) != value]
    if changed:
        raise OtherMigration(database=str(migration.target), difference=", ".join(changed))


def _refuse_rows(migration: Migration, session: psycopg.Connection) -> None:
    """A table with rows in it is not loaded over, unless its flow says that they may go."""
    tables = sorted({flow.target for flow in migration.flows if not flow.truncate})
    standing = [table for table in tables if _has_rows(session, table)]
    if standing:
        raise TargetNotEmpty(database=str(migration.target), tables=", ".join(map(str, standing)))


def _has_rows(session: psycopg.Connection, table: TableName) -> bool:
    return session.execute(f"SELECT FROM {table.sql} LIMIT 1".encode()).fetchone() is not None


def _begin(migration: Migration, session: psycopg.Connection, wanted: Fingerprint) -> None:
    with session.transaction():
        session.execute(
            "INSERT INTO golive_migration.migration (name, fingerprint, secret, state) VALUES (%s, %s, %s, 'begun')"
            " ON CONFLICT DO NOTHING",
            (migration.name, Jsonb(wanted), secrets.token_hex(32)),
        )
        check_fence(session, migration.token)
