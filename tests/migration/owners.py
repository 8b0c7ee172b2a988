"""Roles as users have them: an owner who is no superuser, an application that may only write."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from psycopg import sql

from golive.migration.endpoint import Endpoint
from golive.secret import Secret


@contextmanager
def role(database: Endpoint, *options: str) -> Iterator[Endpoint]:
    """The database as a new role of the server sees it; the role is dropped afterwards, with what it owns."""
    name, password = f"r{secrets.token_hex(6)}", secrets.token_hex(8)
    words = " ".join(("LOGIN", *options))
    with database.session("test") as session:
        session.execute(
            sql.SQL("CREATE ROLE {} " + words + " PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
        )
    try:
        yield replace(database, user=name, password=Secret(password))
    finally:
        with database.session("test") as session:
            session.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(sql.Identifier(name)))


@contextmanager
def owner(database: Endpoint, *options: str) -> Iterator[Endpoint]:
    """The database as its owner sees it, who is nothing else."""
    with role(database, *options) as endpoint:
        with database.session("test") as session:
            session.execute(
                sql.SQL("ALTER DATABASE {} OWNER TO {}; ALTER SCHEMA public OWNER TO {}").format(
                    sql.Identifier(database.database), sql.Identifier(endpoint.user), sql.Identifier(endpoint.user)
                )
            )
        try:
            yield endpoint
        finally:
            with database.session("test") as session:
                session.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(sql.Identifier(endpoint.user)))
