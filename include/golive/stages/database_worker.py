"""Databases: made when missing under a session lock, marked as ours, fenced, and taken back only if ours and empty.

``CREATE DATABASE`` cannot run in a transaction, so it holds a session advisory lock and is probed; what can be in a
transaction (schema, fence, marker) is, and that transaction refuses a token lower than the highest seen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from golive.hosts.errors import StaleToken
from golive.stages.errors import DatabaseFailed, DatabaseLoginRefused, DatabaseUnreachable
from golive.stages.runtime import Connection
from golive.stages.work import DeprovisionWork, ProvisionWork, RestoreWork

Connections = Callable[[str], Connection]

LOCK = 7_204_118
"""The advisory lock under which Golive makes and drops databases of a server."""

MAINTENANCE = "postgres"
"""The database that every server has; in it the lock is taken."""

DRAFT = "golive_draft"
"""The name of a database while it is being made."""

_FENCE = """
CREATE SCHEMA IF NOT EXISTS golive;
CREATE TABLE IF NOT EXISTS golive.fence (single boolean PRIMARY KEY DEFAULT true CHECK (single), token bigint NOT NULL);
CREATE TABLE IF NOT EXISTS golive.operation (id text PRIMARY KEY, token bigint NOT NULL, at timestamptz DEFAULT now());
INSERT INTO golive.fence (token) VALUES (0) ON CONFLICT DO NOTHING;
"""

_MARK = "INSERT INTO golive.operation (id, token) VALUES (%s, 0) ON CONFLICT DO NOTHING"

_ANYTHING = """
SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'golive') AND n.nspname !~ '^pg_' LIMIT 1
"""

_TABLES = """
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'golive') AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""


@contextmanager
def connected(connection: Connection, database: str | None = None) -> Iterator[psycopg.Connection]:
    """A connection in autocommit with time-outs.

    Raises ``DatabaseLoginRefused``, ``DatabaseFailed`` for what else the server refuses, ``DatabaseUnreachable`` where
    nobody knows what it did.
    """
    password = connection.password.reveal() if connection.password else None
    try:
        with psycopg.connect(
            host=connection.host,
            port=connection.port,
            user=connection.user,
            password=password,
            dbname=database or connection.database,
            autocommit=True,
            connect_timeout=10,
            options="-c statement_timeout=60000 -c lock_timeout=10000",
        ) as session:
            yield session
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if _login_refused(error):
            where = f"{connection.host}:{connection.port}"
            raise DatabaseLoginRefused(server=where, user=connection.user, cause=str(error).strip()) from error
        raise DatabaseUnreachable(database=database or connection.database, cause=str(error).strip()) from error
    except psycopg.Error as error:
        raise DatabaseFailed(database=database or connection.database, cause=str(error).strip()) from error


def _login_refused(error: psycopg.Error) -> bool:
    """Whether a server that did answer did not accept who asked: trying again would say the same.

    The protocol's code of an error at the login is not handed on by libpq, so its words are looked at, in the
    languages of the servers that Golive meets; a refusal in another language counts as no answer, and is told as such.
    """
    asked = error.pgconn is not None and (error.pgconn.needs_password or error.pgconn.used_password)
    said = str(error)
    return bool(asked) and any(word in said for word in ("authentication failed", "no password supplied", "인증"))


def provision(
    connections: Connections, work: ProvisionWork, operation: str, token: int, still_ours: Callable[[], None]
) -> list[str]:
    """Makes role, database and fence where missing; says what it made. Asked again, it makes nothing.

    A database that does not exist has no fence: ``still_ours`` raises when the lease is lost, and is asked under the
    server's lock, which whoever took it over needs before it changes anything.
    """
    made = []
    with _locked(connections(work.admin)) as session:
        still_ours()
        if not _exists(session, "SELECT 1 FROM pg_roles WHERE rolname = %s", work.role):
            _create_role(session, work, connections(work.role_connection))
            made.append(f"role {work.role}")
        if not _exists(session, "SELECT 1 FROM pg_database WHERE datname = %s", work.database):
            _create_database(session, work)
            made.append(f"database {work.database}")
    with connected(connections(work.admin), work.database) as session:
        _fence(session, operation, token)
    return made


@contextmanager
def _locked(connection: Connection) -> Iterator[psycopg.Connection]:
    """A session that alone makes and drops databases on its server, until it ends."""
    with connected(connection, MAINTENANCE) as session:
        session.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield session


def _exists(session: psycopg.Connection, query: str, name: str) -> bool:
    return session.execute(query, (name,)).fetchone() is not None


def _create_role(session: psycopg.Connection, work: ProvisionWork, connection: Connection) -> None:
    password = connection.password.reveal() if connection.password else ""
    # Hashed here: a statement that fails would stand in the server's log as it was sent.
    verifier = session.pgconn.encrypt_password(password.encode(), work.role.encode(), b"scram-sha-256")
    name = sql.Identifier(work.role)
    with session.transaction():
        session.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(verifier.decode())))
        session.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(_mark(work.release))))
        # An administrator who is no superuser may give a database only to a role whose member it is.
        if session.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,):
            session.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))


def _create_database(session: psycopg.Connection, work: ProvisionWork) -> None:
    """Made and marked under another name, so that no moment knows a database of ours without its mark."""
    draft, name = sql.Identifier(DRAFT), sql.Identifier(work.database)
    session.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(draft))
    session.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(draft, sql.Identifier(work.role)))
    session.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(draft, sql.Literal(_mark(work.release))))
    session.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, name))


def _mark(release: str) -> str:
    return f"golive:{release}"


def _fence(session: psycopg.Connection, operation: str, token: int) -> None:
    with session.transaction():
        session.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))  # IF NOT EXISTS alone does not stand a race
        session.execute(_FENCE)
        row = session.execute("SELECT token FROM golive.fence FOR UPDATE").fetchone()
        seen = int(row[0]) if row else 0
        if seen > token:
            raise StaleToken(host=session.info.dbname, token=token, seen=seen)
        session.execute("UPDATE golive.fence SET token = %s", (token,))
        session.execute(
            "INSERT INTO golive.operation (id, token) VALUES (%s, %s) ON CONFLICT DO NOTHING", (operation, token)
        )


def raise_fence(connection: Connection, database: str, token: int) -> None:
    """Writes a rollback's token, so that nothing with a lower one can commit any more.

    Holds the server's lock: whoever was making the database has ended by then, and whoever comes later asks for its
    lease under the same lock.
    """
    with _locked(connection) as server:
        if not _exists(server, "SELECT 1 FROM pg_database WHERE datname = %s", database):
            return
        with connected(connection, database) as session:
            if session.execute("SELECT to_regclass('golive.fence')").fetchone() != (None,):
                session.execute("UPDATE golive.fence SET token = greatest(token, %s)", (token,))


def is_marked(connection: Connection, database: str, operation: str) -> bool:
    """Whether ``provision`` came to its end there for this operation: its marker commits with the fence's check."""
    with connected(connection, MAINTENANCE) as server:
        if not _exists(server, "SELECT 1 FROM pg_database WHERE datname = %s", database):
            return False
    with connected(connection, database) as session:
        there = session.execute("SELECT to_regclass('golive.operation')").fetchone() != (None,)
    return there and _marked(connection, database, operation)


def size_mb(connection: Connection, database: str) -> int:
    """The size of a database in MiB, asked as the application that uses it."""
    with connected(connection, database) as session:
        row = session.execute("SELECT pg_database_size(current_database()) / 1048576").fetchone()
        return int(row[0]) if row else 0


def deprovision(connections: Connections, work: DeprovisionWork, still_ours: Callable[[], None]) -> list[str]:
    """Drops what was made for the release, if it is still empty; says what it dropped or kept."""
    notes = []
    admin = connections(work.admin)
    with _locked(admin) as session:
        still_ours()
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(DRAFT)))
        if _comment(session, "pg_database", "datname", work.database) == _mark(work.release):
            if _holds_anything(admin, work.database):
                return [f"kept database {work.database}: it is not empty"]
            session.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(work.database)))
            notes.append(f"dropped database {work.database}")
        if _comment(session, "pg_authid", "rolname", work.role) == _mark(work.release):
            notes.append(_drop_role(session, work.role))
    return notes


def _drop_role(session: psycopg.Connection, role: str) -> str:
    try:
        session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
    except psycopg.errors.DependentObjectsStillExist:
        return f"kept role {role}: it owns something"
    return f"dropped role {role}"


def _comment(session: psycopg.Connection, catalogue: str, column: str, name: str) -> str | None:
    query = sql.SQL("SELECT shobj_description(oid, {}) FROM {} WHERE {} = %s").format(
        sql.Literal(catalogue),
        sql.Identifier("pg_roles" if catalogue == "pg_authid" else catalogue),
        sql.Identifier(column),
    )
    row = session.execute(query, (name,)).fetchone()
    return row[0] if row else None


def _holds_anything(connection: Connection, database: str) -> bool:
    with connected(connection, database) as session:
        return session.execute(_ANYTHING).fetchone() is not None


def _tables(connection: Connection, database: str) -> dict[str, bool]:
    """Every table by name, and whether it has rows."""
    with connected(connection, database) as session:
        names = session.execute(_TABLES).fetchall()
        return {f"{schema}.{table}": _has_rows(session, schema, table) for schema, table in names}


def _has_rows(session: psycopg.Connection, schema: str, table: str) -> bool:
    row = session.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, table))).fetchone()
    return bool(row and row[0])


def compare_and_drop(connection: Connection, work: RestoreWork, operation: str, still_ours: Callable[[], None]) -> str:
    """What the restored copy lacks against the database ('' when nothing), after which the copy is dropped.

    Writes go on while a dump is taken, so a table may have more rows than its copy; a table that is missing, or empty
    although the original is not, is a failed restore. A passed comparison leaves a marker before the copy goes, so
    that asking again after a lost answer finds it. ``still_ours``: as in ``provision``.
    """
    problems = "" if _marked(connection, work.database, operation) else _differences(connection, work)
    with _locked(connection) as server:
        still_ours()
        if not problems:
            with connected(connection, work.database) as session:
                session.execute(_MARK, (operation,))
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(work.scratch)))
    return problems


def drop(connection: Connection, database: str) -> None:
    """Drops a copy of ours, whoever is in it. Raises ``DatabaseFailed``, ``DatabaseUnreachable``."""
    with _locked(connection) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _marked(connection: Connection, database: str, operation: str) -> bool:
    with connected(connection, database) as session:
        return _exists(session, "SELECT 1 FROM golive.operation WHERE id = %s", operation)


def _differences(connection: Connection, work: RestoreWork) -> str:
    original, copy = _tables(connection, work.database), _tables(connection, work.scratch)
    problems = [f"{name} is missing" for name in original if name not in copy]
    problems += [f"{name} is empty" for name, filled in original.items() if filled and copy.get(name) is False]
    return "; ".join(problems)
