"""Which scripts a database has had, in a table of its own: ``golive_migration.script``."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from golive.canonical import Digest
from golive.migration.control import FENCE_TABLE, LOCK
from golive.migration.ddl.scripts import Script
from golive.migration.errors import ScriptsDiffer

TABLE = """
CREATE SCHEMA IF NOT EXISTS golive_migration;
CREATE TABLE IF NOT EXISTS golive_migration.script (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, up text NOT NULL, down text NOT NULL,
    irreversible text NOT NULL, operation text NOT NULL, begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz);
"""


@dataclass(frozen=True)
class Applied:
    """A script that was begun; ``done`` unless a worker died in one that has no transaction."""

    number: int
    name: str
    checksum: Digest
    down: str
    irreversible: str
    operation: str
    done: bool

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


def install_history(session: psycopg.Connection) -> None:
    with session.transaction():
        session.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))
        session.execute(FENCE_TABLE)
        session.execute(TABLE)


def applied(session: psycopg.Connection) -> tuple[Applied, ...]:
    """What was begun, in order; nothing where there is no history yet."""
    if session.execute("SELECT to_regclass('golive_migration.script')").fetchone() == (None,):
        return ()
    rows = session.execute(
        "SELECT number, name, checksum, down, irreversible, operation, done_at IS NOT NULL"
        " FROM golive_migration.script ORDER BY number"
    ).fetchall()
    return tuple(Applied(*row) for row in rows)


def pending(scripts: Sequence[Script], history: Sequence[Applied]) -> tuple[Script, ...]:
    """The scripts still to run. Raises ``ScriptsDiffer`` when the history is not a beginning of ``scripts``."""
    known = {script.number: script for script in scripts}
    for row in history:
        script = known.get(row.number)
        if script is None and scripts and row.number < scripts[0].number:
            continue  # of an earlier release, whose files this one need not carry
        if script is None or script.checksum != row.checksum:
            raise ScriptsDiffer(script=str(row), why="unknown" if script is None else "changed")
    done = {row.number for row in history if row.done}
    last = max(done, default=0)
    left = tuple(script for script in scripts if script.number not in done)
    if left and left[0].number < last:
        raise ScriptsDiffer(script=str(left[0]), why="skipped")
    return left
