"""Makes again what was put aside, in parallel; then sequences and statistics."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TypeVar

import psycopg

from golive.migration.aside_sql import PARALLEL
from golive.migration.control import check_fence, raise_fence
from golive.migration.errors import NotReady, ServerUnreachable
from golive.migration.names import TableName, literal
from golive.migration.prepare import reach, state
from golive.migration.retry import patiently
from golive.migration.sequences import set_sequences
from golive.migration.settings import Migration, Progress

MISSING = """
SELECT number, phase, name FROM golive_migration.aside
WHERE migration = %s AND created_at IS NULL AND (dropped_at IS NOT NULL OR drop_sql = '')
ORDER BY phase, CASE WHEN phase < 50 THEN pg_table_size("table"::regclass) END DESC, number"""
CREATE = """
SELECT number, create_sql FROM golive_migration.aside
WHERE migration = %s AND number = ANY(%s) AND created_at IS NULL ORDER BY number FOR UPDATE"""
CREATED = "UPDATE golive_migration.aside SET created_at = clock_timestamp() WHERE migration = {} AND number = {}"
AT_ONCE = 20
"""How many changes of the catalogue alone go in one transaction."""
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
        if state(migration, session) in ("begun", "planned"):
            raise NotReady(step="build", missing="load")
    put_back(migration)
    set_sequences(migration)
    _in_parallel(migration, sorted({flow.target for flow in migration.flows}), _analyze, {})
    with migration.target.session("build") as session, session.transaction():
        # Its commit, the only one that waits for the disk, makes durable whatever it finds.
        if session.execute(MISSING, (migration.name,)).fetchall():
            raise ServerUnreachable(database=str(migration.target), cause="restarted")
        if state(migration, session) == "loaded":
            reach(migration, session, "built")
        check_fence(session, migration.token)


def put_back(migration: Migration) -> None:
    """All that was put aside stands again, whatever was loaded."""
    while missing := patiently(partial(_missing, migration)):
        _make_phases(migration, missing)


def _missing(migration: Migration) -> list[Entry]:
    with migration.target.session("build") as session:
        return [Entry(*row) for row in session.execute(MISSING, (migration.name,)).fetchall()]


def _make_phases(migration: Migration, missing: list[Entry]) -> None:
    """Phase after phase: each stands on those before it."""
    with migration.target.session("build") as session:
        memory = _memory(session.execute(MEMORY).fetchone(), migration.limits.workers)
    settings = {"maintenance_work_mem": f"{memory}kB", "synchronous_commit": "off"}
    begun, done = time.monotonic(), 0

    def make(session: psycopg.Connection, entries: list[Entry]) -> None:
        nonlocal done
        _make(session, migration, [entry.number for entry in entries])
        done += len(entries)
        seconds = round(time.monotonic() - begun, 3)
        migration.report(Progress(entries[-1].name, "build", 0, 0, done, len(missing), seconds))

    for phase, found in groupby(missing, key=lambda entry: entry.phase):
        entries = list(found)
        size = 1 if phase in PARALLEL else AT_ONCE
        batches = [entries[place : place + size] for place in range(0, len(entries), size)]
        _in_parallel(migration, batches, make, settings, None if phase in PARALLEL else 1)


def _make(session: psycopg.Connection, migration: Migration, numbers: list[int]) -> None:
    """The things and their marks, in one transaction: a crash loses both or none."""
    with session.transaction():
        for number, statement in session.execute(CREATE, (migration.name, numbers)).fetchall():
            session.execute(f"{statement}; {CREATED.format(literal(migration.name), number)}".encode())
        check_fence(session, migration.token)


def _analyze(session: psycopg.Connection, table: TableName) -> None:
    session.execute(f"ANALYZE {table.sql}".encode())


def _in_parallel(
    migration: Migration,
    items: Iterable[T],
    work: Callable[[psycopg.Connection, T], None],
    settings: dict[str, str],
    workers: int | None = None,
) -> None:
    """Each worker has a session for as many items as it lives. The first error is raised when the others are done with
    what they had begun."""
    waiting = deque(items)

    def worker() -> None:
        with migration.target.session("build", **settings) as session:
            while waiting:
                try:
                    item = waiting.popleft()
                except IndexError:  # another took the last one
                    return
                try:
                    work(session, item)
                except BaseException:
                    waiting.appendleft(item)
                    raise

    with ThreadPoolExecutor(max(1, workers or migration.limits.workers)) as pool:
        futures = [pool.submit(patiently, worker) for _ in range(max(1, workers or migration.limits.workers))]
        for future in as_completed(futures):
            if future.exception() is not None:
                waiting.clear()
        for future in futures:
            future.result()


def _memory(row: tuple[int, int] | None, workers: int) -> int:
    """kB for each index: what the server gives anyway, or an eighth of what it believes to have in its caches."""
    standard, caches = row or (65_536, 0)
    return max(int(standard), min(MOST_MEMORY, int(caches) // 8 // max(1, workers)))
