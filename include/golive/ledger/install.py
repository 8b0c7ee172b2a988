"""Makes the ledger in a database: roles, tables, triggers. Runs as often as one likes, also at the same time."""

import threading
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from golive.ledger.database import Database, lock_key
from golive.ledger.tables import OWNER, READER, SCHEMA, WRITER
from golive.secret import Secret

_MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic keeps its context in module globals, so one process migrates one database at a time.
_ALEMBIC = threading.Lock()

# Roles belong to the whole server, the lock below to one database: another database's install may be faster.
_ROLE = """
DO $$ BEGIN
  CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""


def install(owner_url: Secret) -> None:
    """Installs or migrates. ``owner_url`` is a superuser, or the database's owner with CREATEROLE.

    Raises ``LedgerUnreachable``, ``LedgerReadOnly`` or ``LedgerRefused`` when it may not.
    """
    database = Database(owner_url)
    try:
        with _ALEMBIC:
            database.run(_install)
    finally:
        database.close()


def create_writer(owner_url: Secret, name: str, password: Secret) -> None:
    """Makes the login ``name``, or gives it a new password: it may read and append, nothing else."""
    _create_login(owner_url, name, password, WRITER)


def create_reader(owner_url: Secret, name: str, password: Secret) -> None:
    """Makes the login ``name``, or gives it a new password: it may read."""
    _create_login(owner_url, name, password, READER)


def _install(connection: sa.Connection) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key("install"))))
    for role in (OWNER, WRITER, READER):
        if not _exists(connection, role):
            connection.exec_driver_sql(_ROLE.format(role=role))
    _become_owner(connection)
    _migrate(connection)
    connection.exec_driver_sql("RESET ROLE")


def _migrate(connection: sa.Connection) -> None:
    # Imported here: only an installation needs Alembic, and everything imports the ledger.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _become_owner(connection: sa.Connection) -> None:
    superuser = connection.exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar_one()
    if not superuser:
        connection.exec_driver_sql(f"GRANT {OWNER} TO current_user")
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {OWNER}")
    # What is made from here on belongs to the role that nobody can log in as.
    connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")


def _create_login(owner_url: Secret, name: str, password: Secret, role: str) -> None:
    database = Database(owner_url)
    try:
        database.run(lambda connection: _login(connection, name, password, role))
    finally:
        database.close()


def _login(connection: sa.Connection, name: str, password: Secret, role: str) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key("install"))))
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the ledger speaks through psycopg, not {type(driver).__name__}")
    # Hashed here: the server's log may hold statements, and it must not hold the password.
    verifier = driver.pgconn.encrypt_password(password.reveal().encode(), name.encode(), b"scram-sha-256")
    verb = "ALTER" if _exists(connection, name) else "CREATE"
    login = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
        sql.SQL(verb), sql.Identifier(name), sql.Literal(verifier.decode())
    )
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(name))
    try:
        with driver.cursor() as cursor:
            cursor.execute(login)
            cursor.execute(grant)
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error) from error


def _exists(connection: sa.Connection, role: str) -> bool:
    found = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first()
    return found is not None
