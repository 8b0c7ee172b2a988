"""Statements that are made at run time, and locks that are asked for without making an application wait for long."""

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import psycopg
from psycopg import errors

from golive.migration.errors import LockBusy
from golive.migration.names import TableName

T = TypeVar("T")
Session = psycopg.Connection[tuple[Any, ...]]

SHORT_MILLISECONDS = 300
"""How long we may stand in a lock's queue, since everyone who comes later waits behind us."""

VACUUM_MILLISECONDS = 3_000
"""How long we wait for an autovacuum to be sent away."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled, errors.SerializationFailure)


def run(session: Session, statement: str) -> int:
    """Executes SQL text as it is (a percent sign is a percent sign); the number of rows it touched."""
    return session.execute(statement.encode()).rowcount


def rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return session.execute(statement.encode()).fetchall()


def value(session: Session, statement: str) -> Any:
    """The first column of a query's first row; None without one."""
    row = session.execute(statement.encode()).fetchone()
    return row[0] if row else None


def patiently(session: Session, purpose: str, seconds: float, tables: Iterable[TableName], work: Callable[[], T]) -> T:
    """Does ``work`` in a transaction that waits only a moment for locks; again, after a pause, until it had them.

    Raises ``LockBusy`` after ``seconds``. The moment is shorter than the server's deadlock check, so that a deadlock
    with an application is ours to give up, and never the application's. That check is also what sends an autovacuum
    away, so ``tables`` are first locked in the mode that only such work conflicts with: no writer waits behind it.
    """
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    wait = min(SHORT_MILLISECONDS, int(value(session, DEADLOCK_MILLISECONDS)) // 2 or 1)
    clear = "".join(f"LOCK TABLE {table.sql} IN SHARE UPDATE EXCLUSIVE MODE;" for table in sorted(set(tables)))
    while True:
        try:
            with session.transaction():
                run(session, f"SET LOCAL lock_timeout = {VACUUM_MILLISECONDS}; {clear}")
                run(session, f"SET LOCAL lock_timeout = {wait}")
                return work()
        except BUSY as error:
            if time.monotonic() + pause > deadline:
                raise LockBusy(database=session.info.dbname, purpose=purpose, seconds=round(seconds)) from error
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- two workers must not meet again and again
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


DEADLOCK_MILLISECONDS = "SELECT setting FROM pg_settings WHERE name = 'deadlock_timeout'"
