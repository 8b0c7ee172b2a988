"""The databases of the stack: Airflow's, the ledger's, and those of the example's environments."""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from golive.ledger import create_writer, generate_key, install
from golive.ledger.tables import READER, WRITER
from golive.secret import Secret
from golive_stack.postgres import Server
from golive_stack.state import State

ENVIRONMENTS = ("test", "production")
LEDGER = "golive_ledger"
LEDGER_WRITER = "golive_tasks"


@dataclass(frozen=True)
class Database:
    """A database and the login role that owns it. ``name`` is both."""

    name: str
    password: Secret
    rights: LiteralString = ""


def databases(state: State) -> tuple[Database, ...]:
    """What is made at the first ``up``. The example's roles may make databases: a backup is proved by a restore."""
    new = (Database(example_name(e), state.password(f"database/{e}"), "CREATEDB") for e in ENVIRONMENTS)
    old = (Database(legacy_name(e), state.password(f"legacy/{e}"), "CREATEDB") for e in ENVIRONMENTS)
    return (Database("airflow", state.password("database/airflow")), *new, *old)


def example_name(environment: str) -> str:
    return f"contact_center_{environment}"


def legacy_name(environment: str) -> str:
    """The database of version 1, whose rows release 2.0 moves."""
    return f"contact_center_legacy_{environment}"


def create(server: Server, wanted: tuple[Database, ...]) -> None:
    """Make what is missing; passwords are set again, so the remembered ones always hold."""
    with psycopg.connect(server.url("postgres").reveal(), autocommit=True, connect_timeout=5) as session:
        for database in wanted:
            name, word = sql.Identifier(database.name), sql.Literal(database.password.reveal())
            if not _exists(session, "SELECT 1 FROM pg_roles WHERE rolname = %s", database.name):
                session.execute(sql.SQL("CREATE ROLE {}").format(name))
            rights = sql.SQL(database.rights)
            session.execute(sql.SQL("ALTER ROLE {} LOGIN {} PASSWORD {}").format(name, rights, word))
            if not _exists(session, "SELECT 1 FROM pg_database WHERE datname = %s", database.name):
                session.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
            _close(session, database.name)


def create_ledger(server: Server, password: Secret, signing_key: Path) -> None:
    """The ledger's database and tables, the role by which tasks write to it, and the key by which they sign."""
    with psycopg.connect(server.url("postgres").reveal(), autocommit=True, connect_timeout=5) as session:
        if not _exists(session, "SELECT 1 FROM pg_database WHERE datname = %s", LEDGER):
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(LEDGER)))
        install(server.url(LEDGER))
        _close(session, LEDGER, WRITER, READER)
    create_writer(server.url(LEDGER), LEDGER_WRITER, password)
    if not signing_key.exists():
        generate_key(signing_key)


def _close(session: psycopg.Connection[tuple[object, ...]], name: str, *roles: str) -> None:
    """Only the owner, and ``roles``, may enter: the application's login has no business in the ledger."""
    database = sql.Identifier(name)
    session.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
    for role in roles:
        session.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(role)))


def _exists(session: psycopg.Connection[tuple[object, ...]], question: str, name: str) -> bool:
    return session.execute(question.encode(), (name,)).fetchone() is not None
