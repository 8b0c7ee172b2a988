"""Loads every open chunk, several at once. Killed anywhere and called again it does only what is not committed."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

import psycopg

from golive.errors import GoliveError
from golive.migration.causes import cause
from golive.migration.chunks import Chunk
from golive.migration.control import check_fence, raise_fence
from golive.migration.copying import Copied, Job, Side, copy_chunk
from golive.migration.errors import NotReady, ServerUnreachable
from golive.migration.names import TableName
from golive.migration.prepare import reach, state
from golive.migration.settings import Migration, Progress

TRIES = 16
"""How often a worker begins again without having done anything in between: about two minutes, a server's restart."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 10.0
CHUNKS = """
SELECT flow, number, relation, condition, whole, estimate, file, rows, bytes, done_at IS NOT NULL
FROM golive_migration.chunk WHERE migration = %s ORDER BY estimate DESC, flow, number"""
PLAIN = "SELECT relkind = 'r' FROM pg_class WHERE oid = %s::regclass"


@dataclass
class Tally:
    """What is committed of one flow."""

    rows: int = 0
    bytes: int = 0
    done: int = 0
    chunks: int = 0


@dataclass
class Work:
    """What the workers share: the open chunks, the largest first, and the tallies."""

    migration: Migration
    open: deque[Job] = field(default_factory=deque)
    tallies: dict[str, Tally] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    def count(self, job_flow: str, copied: Copied | None) -> None:
        tally = self.tallies[job_flow]
        tally.done += 1
        if copied is not None:
            tally.rows += copied.rows
            tally.bytes += copied.bytes
        seconds = time.monotonic() - self.begun
        self.migration.report(
            Progress(job_flow, "load", tally.rows, tally.bytes, tally.done, tally.chunks, round(seconds, 3))
        )


def load(migration: Migration) -> None:
    """Every chunk in, or an error. Raises ``NotReady``, ``RowRefused``, ``StaleMigration``, ``ServerUnreachable``,
    ``ServerFailed``."""
    while work := _open_work(migration):
        asyncio.run(_all(work))
    with migration.target.session("load") as session, session.transaction():
        reach(migration, session, "loaded")
        check_fence(session, migration.token)


def _open_work(migration: Migration) -> Work | None:
    """What is left, or None. What another worker did meanwhile is found done here."""
    with migration.target.session("load") as session:
        raise_fence(session, migration.token)
        reached = state(migration, session)
        if reached == "begun":
            raise NotReady(step="load", missing="plan")
        if reached != "planned":
            return None
        work = Work(migration)
        alone = _alone(migration, session)
        flows = {flow.name: flow for flow in migration.flows}
        for *fields, rows, size, done in session.execute(CHUNKS, (migration.name,)).fetchall():
            chunk = Chunk(*fields)
            tally = work.tallies.setdefault(chunk.flow, Tally())
            tally.chunks += 1
            if done:
                tally.rows, tally.bytes, tally.done = tally.rows + rows, tally.bytes + size, tally.done + 1
            else:
                flow = flows[chunk.flow]
                work.open.append(Job(migration.name, migration.token, flow, chunk, flow.target in alone))
        return work if work.open else None


def _alone(migration: Migration, session: psycopg.Connection) -> frozenset[TableName]:
    """The plain tables that one flow writes into."""
    targets = [flow.target for flow in migration.flows]
    return frozenset(
        table
        for table in set(targets)
        if targets.count(table) == 1 and session.execute(PLAIN, (table.sql,)).fetchone() == (True,)
    )


async def _all(work: Work) -> None:
    """The first error ends the others; what they had not committed is rolled back."""
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, work.migration.limits.workers)):
                group.create_task(_worker(work))
    except* GoliveError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[GoliveError]) -> GoliveError:
    error = next(iter(errors.exceptions))
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _worker(work: Work) -> None:
    """Takes chunk after chunk; a lost session, a lock not had or a deadlock is tried again."""
    failures = 0
    while work.open:
        done: list[Job] = []
        try:
            await _session(work, done)
        except GoliveError as error:
            failures = 1 if done else failures + 1
            if failures > TRIES or not passing(error):
                raise
            await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1)))


async def _session(work: Work, done: list[Job]) -> None:
    """One session on each side, for as many chunks as they live; ``done`` is told of each."""
    migration = work.migration
    purpose = f"load {migration.name}"
    async with migration.source.stream(purpose) as source, migration.target.stream(purpose) as target:
        sides = Side(migration.source, source), Side(migration.target, target)
        while work.open:
            job = work.open.popleft()
            try:
                copied = await copy_chunk(*sides, job)
            except BaseException:
                work.open.appendleft(job)
                raise
            done.append(job)
            work.count(job.flow.name, copied)


def passing(error: GoliveError) -> bool:
    """Whether the same may go well a little later."""
    return isinstance(error, ServerUnreachable) or (error.__cause__ is not None and cause(error.__cause__).passing)
