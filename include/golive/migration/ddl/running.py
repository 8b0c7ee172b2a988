"""Runs scripts up and down: each once, under one session's lock, without stalling who else uses the tables."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg

from golive.migration.control import check_fence
from golive.migration.ddl.history import Applied, applied, install_history, pending
from golive.migration.ddl.scripts import Script
from golive.migration.endpoint import Endpoint
from golive.migration.errors import Irreversible, ScriptBusy, ScriptEndsTransaction, ScriptFailed
from golive.migration.names import quoted

SESSION_LOCK = 7_204_120
"""Held by the one session that changes a database's schema, from its first script to its last."""

LOCK_TRIES = 8
LOCK_MILLISECONDS = 2_000
FIRST_PAUSE_SECONDS = 0.25

Say = Callable[[str], None]


@dataclass(frozen=True)
class Attempt:
    """Who runs scripts: ``operation`` marks what is run, so that exactly that is taken back; ``token`` is the fence's;
    ``owner`` is the role that scripts run as, so that what they make is the application's ("": the session's own)."""

    operation: str
    token: int
    owner: str = ""


def migrate_up(target: Endpoint, scripts: Sequence[Script], attempt: Attempt, say: Say) -> tuple[str, ...]:
    """Runs what is still to run; the names of what it ran. Asked again, it goes on where it stopped.

    Raises ``ScriptsDiffer``,
    ``ScriptFailed``, ``ScriptBusy``, ``StaleMigration``.
    """
    with _alone(target) as session:
        install_history(session)
        ran = []
        for script in pending(scripts, applied(session)):
            say(f"{script} …")
            _patiently(str(script), partial(_up, session, script, attempt))
            ran.append(str(script))
        return tuple(ran)


def migrate_down(target: Endpoint, attempt: Attempt, say: Say) -> tuple[str, ...]:
    """Takes back what ``attempt.operation`` ran, newest first, by the down scripts that came with it.

    Raises ``Irreversible`` before anything is undone when one of them has none.
    """
    with _alone(target) as session:
        install_history(session)
        rows = [row for row in reversed(applied(session)) if row.operation == attempt.operation]
        lasting = [str(row) for row in rows if row.irreversible]
        if lasting:
            raise Irreversible(columns=", ".join(lasting))
        for row in rows:
            say(f"{row} …")
            _patiently(str(row), partial(_down, session, row, attempt))
        return tuple(str(row) for row in rows)


@contextmanager
def _alone(target: Endpoint) -> Iterator[psycopg.Connection]:
    with target.session("schema", search_path="public", lock_timeout=str(LOCK_MILLISECONDS)) as session:
        if session.execute("SELECT pg_try_advisory_lock(%s)", (SESSION_LOCK,)).fetchone() != (True,):
            raise ScriptBusy(script="-", cause="another session changes this schema")
        yield session


def _patiently(script: str, act: Callable[[], None]) -> None:
    """Tries again when a lock was not to be had in time: a longer wait would queue every reader behind us."""
    cause = ""
    for attempt in range(LOCK_TRIES):
        try:
            return act()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            cause = str(error).strip()
        except psycopg.OperationalError:
            raise  # nobody knows what became of it: the next call asks the history
        except psycopg.Error as error:
            raise ScriptFailed(script=script, cause=str(error).strip()) from error
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    raise ScriptBusy(script=script, cause=cause)


def _up(session: psycopg.Connection, script: Script, attempt: Attempt) -> None:
    if not script.transactional:
        return _up_alone(session, script, attempt)
    with session.transaction():
        check_fence(session, attempt.token)
        _in_one_transaction(session, script.up, str(script), attempt.owner)
        _write(session, script, attempt.operation)
        session.execute("UPDATE golive_migration.script SET done_at = clock_timestamp() WHERE number = %s",
                        (script.number,))  # fmt: skip
    return None


def _up_alone(session: psycopg.Connection, script: Script, attempt: Attempt) -> None:
    """No transaction holds it: written down as begun, and done when its condition says so."""
    with session.transaction():
        check_fence(session, attempt.token)
        begun = any(row.number == script.number for row in applied(session))
        if not begun:
            _write(session, script, attempt.operation)
    if not (begun and _holds(session, script.done_when)):
        _execute(session, script.up, attempt.owner)
    if not _holds(session, script.done_when):
        raise ScriptFailed(script=str(script), cause=f"not done: {script.done_when}")
    with session.transaction():
        session.execute("UPDATE golive_migration.script SET done_at = clock_timestamp() WHERE number = %s",
                        (script.number,))  # fmt: skip
        check_fence(session, attempt.token)


def _down(session: psycopg.Connection, row: Applied, attempt: Attempt) -> None:
    with session.transaction():
        check_fence(session, attempt.token)
        _in_one_transaction(session, row.down, str(row), attempt.owner)
        session.execute("DELETE FROM golive_migration.script WHERE number = %s", (row.number,))


def _in_one_transaction(session: psycopg.Connection, script: str, name: str, owner: str) -> None:
    before = session.execute("SELECT pg_current_xact_id()").fetchone()
    _execute(session, script, owner)
    if session.execute("SELECT pg_current_xact_id()").fetchone() != before:
        raise ScriptEndsTransaction(script=name)


def _execute(session: psycopg.Connection, script: str, owner: str) -> None:
    """A script's own text, approved with its release: the one place where SQL that is not ours runs."""
    if owner:
        session.execute(f"SET ROLE {quoted(owner)}".encode())
    session.execute(script.encode())
    # Not reached after an error, which ends the transaction and the role with it, or the session.
    session.execute("RESET ROLE")


def _holds(session: psycopg.Connection, condition: str) -> bool:
    return session.execute(condition.encode()).fetchone() == (True,)


def _write(session: psycopg.Connection, script: Script, operation: str) -> None:
    session.execute(
        "INSERT INTO golive_migration.script (number, name, checksum, up, down, irreversible, operation)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (script.number, script.name, script.checksum, script.up, script.down, script.irreversible, operation),
    )
