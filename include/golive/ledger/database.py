"""One way to PostgreSQL: an engine per process, time-outs on everything, retries where they are safe."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from golive.errors import LedgerError
from golive.ledger.errors import (
    LedgerBusy,
    LedgerNotInstalled,
    LedgerReadOnly,
    LedgerRefused,
    LedgerUnreachable,
    LedgerUrlInvalid,
)
from golive.secret import Secret

T = TypeVar("T")

# Server side: no statement and no lock waits for ever, and a stopped process does not keep a stream locked.
_SERVER = {
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
# Client side: a partition is noticed while waiting for an answer that will never come.
_CLIENT: dict[str, str | int] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "golive",
}
# Serialization failure, deadlock, unique violation (someone wrote without the lock), server going down or coming up.
_TRANSIENT = {"40001", "40P01", "23505", "57P01", "57P02", "57P03"}
_BUSY = {"55P03": "a lock", "57014": "a statement"}
_MISSING = {"3F000", "42P01"}
_FORBIDDEN = {"42501", "25006"}


def make_engine(url: Secret, *, pooled: bool = True) -> sa.Engine:
    """An engine on ``url`` with every time-out set. Raises ``LedgerUrlInvalid``."""
    try:
        # Airflow writes postgres:// as well; SQLAlchemy wants the driver named.
        parsed = sa.make_url(url.reveal().replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise LedgerUrlInvalid from None
    if parsed.get_backend_name() != "postgresql":
        raise LedgerUrlInvalid
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={**_CLIENT, "options": options},
        # Parameters may be whole documents; an error text must not carry them.
        hide_parameters=True,
        poolclass=None if pooled else sa.NullPool,
    )


def lock_key(name: str) -> int:
    """A 64-bit key for PostgreSQL's advisory locks. Two names that share one only wait for each other."""
    return int.from_bytes(sha256(f"golive ledger {name}".encode()).digest()[:8], "big", signed=True)


class Database:
    """Runs work in transactions. ``patience`` is how many seconds a lost connection is tried again."""

    def __init__(self, url: Secret, patience: float = 10.0) -> None:
        self._url = url
        self._patience = patience
        self._engine: sa.Engine | None = make_engine(url)
        self._pid = os.getpid()
        self._reached = False
        address = self._engine.url
        host = address.host or str(address.query.get("host", "local socket"))
        self.where = f"{host}:{address.port or 5432}/{address.database}"

    @property
    def engine(self) -> sa.Engine:
        """This process's engine. A child of fork must not speak on its parent's sockets."""
        if self._engine is None or self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._engine, self._pid = make_engine(self._url), os.getpid()
        return self._engine

    def close(self) -> None:
        """Closes this process's connections; the next use opens new ones."""
        if self._engine is not None:
            self._engine.dispose(close=self._pid == os.getpid())
            self._engine = None

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """``work`` in one transaction, committed. ``work`` runs again when the connection was lost, even during
        the commit, so it must find out what an earlier run of it left. Raises the leaves of ``LedgerError``.
        """
        started = time.monotonic()
        pause = 0.02
        while True:
            try:
                with self.engine.begin() as connection:
                    self._reached = True
                    result = work(connection)
                return result  # noqa: RET504 -- after the commit, not inside it
            except PoolTimeout as error:
                raise LedgerBusy(what="a connection", cause="too many at once") from error
            except DBAPIError as error:
                # An address that never answered is told at once: it is more likely wrong than restarting.
                left = self._patience - (time.monotonic() - started) if self._reached else 0
                if not _transient(error) or pause > left:
                    raise self.translate(error) from error
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads retries, guards nothing
            pause = min(pause * 2, 1.0)

    @contextmanager
    def session(self) -> Iterator[sa.Connection]:
        """One connection outside any transaction, closed at the end (never handed on)."""
        try:
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except DBAPIError as error:
            raise self.translate(error) from error
        try:
            connection.detach()
            yield connection
        finally:
            connection.close()

    def translate(self, error: DBAPIError) -> LedgerError:
        """The ledger's own word for a driver's error."""
        state, cause = _state(error), _first_line(error)
        if state in _BUSY:
            return LedgerBusy(what=_BUSY[state], cause=cause)
        if state in _MISSING:
            return LedgerNotInstalled(where=self.where)
        if state in _FORBIDDEN:
            return LedgerReadOnly(where=self.where)
        if _transient(error):
            return LedgerUnreachable(where=self.where, cause=cause)
        return LedgerRefused(where=self.where, cause=cause)


def _transient(error: DBAPIError) -> bool:
    state = _state(error)
    if state:
        return state in _TRANSIENT or state.startswith("08")
    return isinstance(error.orig, psycopg.OperationalError)


def _state(error: DBAPIError) -> str:
    return (isinstance(error.orig, psycopg.Error) and error.orig.sqlstate) or ""


def _first_line(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
