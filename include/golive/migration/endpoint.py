"""One side of a migration: where it answers, and sessions whose settings never change what a value looks like."""

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

import asyncpg
import psycopg

from golive.migration.causes import DRIVER, cause, redacted
from golive.migration.errors import ServerFailed, ServerUnreachable
from golive.secret import Secret

CONNECT_SECONDS = 10
LOCK_MILLISECONDS = 5_000
STATEMENT_SECONDS = 6 * 3600
"""The longest that one statement may take: an index on the largest table."""

KEEPALIVE = {
    socket.TCP_KEEPIDLE: 30,
    socket.TCP_KEEPINTVL: 20,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 60_000,
}

Encryption = Literal["disable", "prefer", "require", "verify-full"]

PINNED = {
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmloption": "content",
    "search_path": "pg_catalog",
    "lock_timeout": str(LOCK_MILLISECONDS),
    "statement_timeout": str(STATEMENT_SECONDS * 1000),
    "idle_in_transaction_session_timeout": "0",
    "row_security": "off",
    "lc_monetary": "C",
    "jit": "off",
}
"""Both sides speak in these: text of a value, and so its hash, must not depend on a role's or a database's settings.

``row_security`` off makes a policy that would hide rows an error instead of a silent loss.
"""


@dataclass(frozen=True)
class Endpoint:
    """A database and how to enter it. ``encryption`` is libpq's ``sslmode``."""

    host: str
    port: int
    user: str
    password: Secret | None
    database: str
    encryption: Encryption = "prefer"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    @contextmanager
    def session(self, purpose: str, **settings: str) -> Iterator[psycopg.Connection]:
        """A session in autocommit, pinned. ``purpose`` is shown by the server; ``settings`` replace pinned ones.

        Raises ``ServerUnreachable`` where nobody knows what became of the last statement, ``ServerFailed`` else.
        """
        options = " ".join(f"-c {name}={_escaped(value)}" for name, value in {**PINNED, **settings}.items())
        with (
            self.told(),
            psycopg.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password.reveal() if self.password else None,
                dbname=self.database,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                sslmode=self.encryption,
                application_name=f"golive {purpose}",
                client_encoding="UTF8",
                options=options,
                keepalives_idle=30,
                tcp_user_timeout=60_000,
            ) as connection,
        ):
            yield connection

    @contextmanager
    def told(self) -> Iterator[None]:
        """What psycopg raises inside becomes ours: for a thread that works in a session which another one opened."""
        try:
            yield
        except psycopg.Error as error:
            raise self.failure(error) from redacted(error)

    @asynccontextmanager
    async def stream(self, purpose: str, **settings: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """As ``session``, for moving blocks by COPY."""
        try:
            connection = await asyncpg.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password.reveal() if self.password else None,
                database=self.database,
                timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                ssl=_tls(self.encryption),
                statement_cache_size=0,
                server_settings={"application_name": f"golive {purpose}", **PINNED, **settings},
            )
            _watch(connection)
            try:
                yield connection
            finally:
                # A session whose work broke off is cut: a polite close would wait for a server that may be gone.
                connection.terminate()
        except DRIVER as error:
            raise self.failure(error) from redacted(error)

    def failure(self, error: BaseException) -> ServerFailed | ServerUnreachable:
        """A driver's error as ours, without the values of rows. One without an answer, or of a session that the server
        ended (shutdown, crash, terminated), may be asked again."""
        found = cause(error)
        return (ServerUnreachable if found.lost else ServerFailed)(database=str(self), cause=found.text())


def _watch(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Has the kernel notice that the other end is gone, within a minute and a half; asyncpg itself would wait on."""
    end = connection._transport.get_extra_info("socket")
    if end.family == socket.AF_UNIX:
        return
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        end.setsockopt(socket.IPPROTO_TCP, option, value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _tls(encryption: Encryption) -> ssl.SSLContext | str:
    return ssl.create_default_context() if encryption == "verify-full" else encryption
