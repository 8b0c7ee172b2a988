"""Loads every open chunk, several at once. Killed anywhere and called again it does only what is not committed."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from functools import partial

import psycopg

from golive.errors import GoliveError
from golive.migration.chunks import Chunk
from golive.migration.control import check_fence, raise_fence
from golive.migration.copying import Job, Side, copy_chunk
from golive.migration.errors import NotReady, SourceRewritten
from golive.migration.names import TableName
from golive.migration.planning import plan_again
from golive.migration.prepare import reach, state
from golive.migration.retry import TRIES, passing, patiently, wait_before
from golive.migration.settings import Migration
from golive.migration.tally import Tally
from golive.migration.throttle import LOOK_SECONDS, Brake

CHUNKS = """
SELECT flow, number, relation, condition, whole, estimate, file, rows, bytes
FROM golive_migration.chunk WHERE migration = %s ORDER BY estimate DESC, flow, number"""
OPEN = "SELECT FROM golive_migration.chunk WHERE migration = %s AND rows IS NULL LIMIT 1"
PLAIN = "SELECT relkind = 'r' FROM pg_class WHERE oid = %s::regclass"
LOST_WORKER = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "20", "tcp_keepalives_count": "3"}
"""A worker whose machine has gone must not hold a chunk's marker on for hours."""
REWRITES = 3
"""How often a flow is planned again because its source table got another file meanwhile."""


@dataclass
class Work:
    """What the workers share: the open chunks, the largest first, how far they are, and the brake."""

    migration: Migration
    tally: Tally
    brake: Brake
    open: deque[Job] = field(default_factory=deque)


def load(migration: Migration) -> None:
    """Every chunk in, or an error. Raises ``NotReady``, ``RowRefused``, ``StaleMigration``, ``SourceRewritten``,
    ``OutOfTime``, ``ServerUnreachable``, ``ServerFailed``."""
    rewrites = 0
    while not patiently(partial(_finish, migration)):
        try:
            asyncio.run(_all(patiently(partial(_open_work, migration))))
        except SourceRewritten as error:
            rewrites += 1
            if rewrites > REWRITES:
                raise
            patiently(partial(plan_again, migration, str(error.data["flow"])))


def _finish(migration: Migration) -> bool:
    """Whether every chunk is in. Chunks do not wait for the disk: this commit makes durable all that it finds, and what
    a crash took away together with its marker is found open here."""
    with migration.target.session("load") as session:
        raise_fence(session, migration.token)
        with session.transaction():
            reached = state(migration, session)
            if reached == "begun":
                raise NotReady(step="load", missing="plan")
            if reached != "planned":
                return True
            if session.execute(OPEN, (migration.name,)).fetchone() is not None:
                return False
            reach(migration, session, "loaded")
            check_fence(session, migration.token)
            return True


def _open_work(migration: Migration) -> Work:
    """What is left. What another worker did meanwhile is found done here."""
    with migration.target.session("load") as session:
        work = Work(migration, Tally(migration), Brake(migration))
        alone = _alone(migration, session)
        flows = {flow.name: flow for flow in migration.flows}
        for *fields, rows, size in session.execute(CHUNKS, (migration.name,)).fetchall():
            chunk = Chunk(*fields)
            work.tally.found(chunk, rows, size)
            if rows is None:
                flow = flows[chunk.flow]
                work.open.append(Job(migration.name, migration.token, flow, chunk, flow.target in alone))
        return work


def _alone(migration: Migration, session: psycopg.Connection) -> frozenset[TableName]:
    """The plain tables that one flow writes into."""
    targets = [flow.target for flow in migration.flows]
    once = [table for table in targets if targets.count(table) == 1]
    return frozenset(table for table in once if session.execute(PLAIN, (table.sql,)).fetchone() == (True,))


async def _all(work: Work) -> None:
    """The first error ends the others; what they had not committed is rolled back."""
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(max(1, work.migration.limits.workers)):
                group.create_task(_worker(work, number))
    except* GoliveError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[GoliveError]) -> GoliveError:
    error = next(iter(errors.exceptions))
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _worker(work: Work, number: int) -> None:
    """Takes chunk after chunk; a lost session, a lock not had or a deadlock is tried again."""
    failures = 0
    while work.open:
        done: list[Job] = []
        try:
            await _session(work, number, done)
        except GoliveError as error:
            failures = 1 if done else failures + 1
            if failures > TRIES or not passing(error):
                raise
            await asyncio.sleep(wait_before(failures))


async def _session(work: Work, number: int, done: list[Job]) -> None:
    """One session on each side, for as many chunks as they live; ``done`` is told of each."""
    migration = work.migration
    purpose = f"load {migration.name}"
    async with (
        migration.source.stream(purpose) as source,
        migration.target.stream(purpose, synchronous_commit="off", **LOST_WORKER) as target,
    ):
        sides = Side(migration.source, source), Side(migration.target, target)
        while work.open:
            if await work.brake.holds(number, source, target, len(work.open)):
                work.tally.waits(work.brake.reason)
                await asyncio.sleep(LOOK_SECONDS)
            elif work.open:  # another may have taken the last one while we looked
                done.append(await _next(work, *sides))


async def _next(work: Work, source: Side, target: Side) -> Job:
    """The next chunk is in; one that fails is given back."""
    job = work.open.popleft()
    work.tally.waits("")
    try:
        copied = await copy_chunk(source, target, job)
    except BaseException:
        work.open.appendleft(job)
        raise
    work.tally.committed(job.chunk, copied.rows if copied else 0, copied.bytes if copied else 0)
    return job
