"""Makes again what was put aside, in parallel; then sequences and statistics."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from golive.migration.aside_sql import PARALLEL
from golive.migration.control import check_fence, raise_fence
from golive.migration.errors import NotReady
from golive.migration.names import TableName
from golive.migration.prepare import reach, state
from golive.migration.retry import patiently
from golive.migration.sequences import set_sequences
from golive.migration.settings import Migration, Progress

MISSING = """
SELECT number, phase, name FROM golive_migration.aside
WHERE migration = %s AND created_at IS NULL
ORDER BY phase, CASE WHEN phase < 50 THEN pg_table_size("table"::regclass) END DESC, number"""
CREATE = """
SELECT create_sql FROM golive_migration.aside
WHERE migration = %s AND number = %s AND created_at IS NULL FOR UPDATE"""
CREATED = "UPDATE golive_migration.aside SET created_at = clock_timestamp() WHERE migration = %s AND number = %s"
MEMORY = """
SELECT sum(setting::bigint) FILTER (WHERE name = 'maintenance_work_mem'),
       sum(setting::bigint * 8) FILTER (WHERE name = 'effective_cache_size')
FROM pg_settings"""
MOST_MEMORY = 1024 * 1024
"""kB for one index. Beyond this a sort gains little."""

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    number: int
    phase: int
    name: str


def build(migration: Migration) -> None:
    """Indexes, keys, foreign keys, triggers, sequences, statistics. Called again it makes what is still missing.

    The passes that follow hold the triggers again until the hand-over (``holds``). Raises ``NotReady`` before ``load``
    is done, ``ServerFailed`` with the name of a key that the rows break.
    """
    with migration.target.session("build") as session:
        raise_fence(session, migration.token)
        if (reached := state(migration, session)) in ("begun", "planned"):
            raise NotReady(step="build", missing="load")
    _make_phases(migration)
    set_sequences(migration)
    _in_parallel(migration, sorted({flow.target for flow in migration.flows}), lambda table: _analyze(migration, table))
    if reached == "loaded":
        with migration.target.session("build") as session, session.transaction():
            reach(migration, session, "built")
            check_fence(session, migration.token)


def _make_phases(migration: Migration) -> None:
    """Phase after phase: each stands on those before it."""
    with migration.target.session("build") as session:
        rows = session.execute(MISSING, (migration.name,)).fetchall()
        memory = _memory(session.execute(MEMORY).fetchone(), migration.limits.workers)
    settings = {"maintenance_work_mem": f"{memory}kB"}
    begun, done = time.monotonic(), 0

    def make(entry: Entry) -> None:
        nonlocal done
        patiently(lambda: _make(migration, entry, settings))
        done += 1
        migration.report(Progress(entry.name, "build", 0, 0, done, len(rows), round(time.monotonic() - begun, 3)))

    for phase, entries in groupby((Entry(*row) for row in rows), key=lambda entry: entry.phase):
        if phase in PARALLEL:
            _in_parallel(migration, list(entries), make)
        else:
            for entry in entries:
                make(entry)


def _make(migration: Migration, entry: Entry, settings: dict[str, str]) -> None:
    """The thing and its mark, in one transaction."""
    with migration.target.session("build", **settings) as session, session.transaction():
        row = session.execute(CREATE, (migration.name, entry.number)).fetchone()
        if row is not None:
            session.execute(row[0].encode())
            session.execute(CREATED, (migration.name, entry.number))
            check_fence(session, migration.token)


def _analyze(migration: Migration, table: TableName) -> None:
    def analyze() -> None:
        with migration.target.session("build") as session:
            session.execute(f"ANALYZE {table.sql}".encode())

    patiently(analyze)


def _in_parallel(migration: Migration, items: Iterable[T], work: Callable[[T], None]) -> None:
    """The first error is raised when those that had begun are done."""
    with ThreadPoolExecutor(max(1, migration.limits.workers)) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _memory(row: tuple[int, int] | None, workers: int) -> int:
    """kB for each index: what the server gives anyway, or an eighth of what it believes to have in its caches."""
    standard, caches = row or (65_536, 0)
    return max(int(standard), min(MOST_MEMORY, int(caches) // 8 // max(1, workers)))
