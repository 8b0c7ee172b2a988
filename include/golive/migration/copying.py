"""One chunk: read at one snapshot of the source, written with its marker in one transaction of the target.

Blocks go from one socket to the other as they are; nothing here knows what a row is.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from golive.migration.causes import DRIVER, TELLING, cause, redacted
from golive.migration.chunks import Chunk
from golive.migration.control import FENCE
from golive.migration.endpoint import Endpoint
from golive.migration.errors import RowRefused, SourceRewritten, StaleMigration, TargetNotEmpty
from golive.migration.flow import Classification, Flow

BLOCKS = 4
"""How many blocks (of at most 256 KiB, or one row) wait between the two sockets."""
LOCK_MARKER = """
SELECT done_at IS NOT NULL FROM golive_migration.chunk
WHERE migration = $1 AND flow = $2 AND number = $3 AND condition = $4 FOR UPDATE"""
MARK = """
UPDATE golive_migration.chunk SET rows = $4, bytes = $5, token = $6, done_at = clock_timestamp()
WHERE migration = $1 AND flow = $2 AND number = $3"""


@dataclass(frozen=True)
class Side:
    """An open session, and whose it is. ``lost`` is done when the session is gone, which COPY alone may not notice."""

    endpoint: Endpoint
    connection: "asyncpg.Connection[asyncpg.Record]"
    lost: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def __post_init__(self) -> None:
        self.connection.add_termination_listener(self._gone)

    def _gone(self, _connection: object) -> None:
        if not self.lost.done():
            self.lost.set_exception(ConnectionResetError("the session was cut"))
            self.lost.exception()  # seen here: nobody may be waiting for it


@dataclass(frozen=True)
class Copied:
    rows: int
    bytes: int


@dataclass(frozen=True)
class Job:
    """A chunk and all that its copying needs; ``alone``: nobody else writes into its (plain) target table."""

    migration: str
    token: int
    flow: Flow
    chunk: Chunk
    alone: bool


async def copy_chunk(source: Side, target: Side, job: Job) -> Copied | None:
    """None when its marker says that another has done it. Both sessions are of no more use after an error.

    Raises ``RowRefused``, ``ServerUnreachable``, ``ServerFailed``, ``StaleMigration``, ``SourceRewritten``.
    """
    with _answering(target, job):
        # Ended by COMMIT or by cutting the session: a polite ROLLBACK would wait for a session in the middle of a COPY.
        await target.connection.execute("BEGIN")
        key = (job.migration, job.flow.name, job.chunk.number)
        done = await target.connection.fetchval(LOCK_MARKER, *key, job.chunk.condition)
        if done is not False:
            await target.connection.execute("COMMIT")
            return None
        copied = await _copy(source, target, job)
        await target.connection.execute(MARK, *key, copied.rows, copied.bytes, job.token)
        await _check_fence(target.connection, job.token)
        await target.connection.execute("COMMIT")
    return copied


async def _copy(source: Side, target: Side, job: Job) -> Copied:
    """Rows are frozen where the table is emptied in the same transaction: nobody needs to visit them again."""
    freeze = job.alone and job.chunk.whole
    if freeze:
        await _empty(target, job)
    with _answering(source, job):
        await source.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    copied = await _pipe(source, target, job, freeze)
    with _answering(source, job):
        await _check_file(source.connection, job)
        await source.connection.execute("COMMIT")
    return copied


async def _empty(target: Side, job: Job) -> None:
    """The table was empty when the migration began: whatever stands there now is not ours to throw away."""
    table = job.flow.target
    await target.connection.execute(f"LOCK TABLE ONLY {table.sql} IN ACCESS EXCLUSIVE MODE")
    if await target.connection.fetchval(f"SELECT true FROM ONLY {table.sql} LIMIT 1"):
        raise TargetNotEmpty(database=str(target.endpoint), tables=str(table))
    await target.connection.execute(f"TRUNCATE ONLY {table.sql}")


async def _pipe(source: Side, target: Side, job: Job, freeze: bool) -> Copied:
    """All or an error: the end of the rows is told only when the source has said that there are no more."""
    blocks: asyncio.Queue[bytes | None] = asyncio.Queue(BLOCKS)
    size = 0
    form = "binary" if job.flow.binary else "text"

    async def read() -> None:
        query = job.flow.select(job.chunk.condition, relation=job.chunk.relation)
        with _answering(source, job):
            await source.connection.copy_from_query(query, output=blocks.put, format=form)
        await blocks.put(None)

    async def arriving() -> AsyncIterator[bytes]:
        nonlocal size
        while (block := await blocks.get()) is not None:
            size += len(block)
            yield block

    async def write() -> int:
        table = job.flow.target
        with _answering(target, job):
            status = await target.connection.copy_to_table(
                table.name, schema_name=table.schema, columns=job.flow.names, source=arriving(), format=form,
                freeze=freeze or None,
            )  # fmt: skip
        return int(str(status).split()[-1])

    rows = await _both(source, target, job, read(), write())
    return Copied(rows, size)


async def _both(
    source: Side, target: Side, job: Job, read: Coroutine[Any, Any, None], write: Coroutine[Any, Any, int]
) -> int:
    """Waits for both ends of the pipe, or for the first that breaks; the other is given up then."""
    reading, writing = asyncio.create_task(read), asyncio.create_task(write)
    try:
        while not (reading.done() and writing.done()):
            ends = {end for end in (reading, writing) if not end.done()}
            done, _ = await asyncio.wait({*ends, source.lost, target.lost}, return_when=asyncio.FIRST_COMPLETED)
            for end in done & ends:
                end.result()  # what a server said is more than that it went
            for side in (source, target):
                with _answering(side, job):
                    if side.lost.done():
                        side.lost.result()
        return writing.result()
    finally:
        for task in (reading, writing):
            task.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)


async def _check_file(source: "asyncpg.Connection[asyncpg.Record]", job: Job) -> None:
    """Pages counted in one file say nothing about another. The lock of our COPY, still held, forbids a rewrite now."""
    chunk = job.chunk
    if chunk.file is None:
        return
    table = chunk.relation.removeprefix("ONLY ")
    if await source.fetchval("SELECT pg_relation_filenode($1::text::regclass)", table) != chunk.file:
        raise SourceRewritten(table=table, flow=job.flow.name)


async def _check_fence(target: "asyncpg.Connection[asyncpg.Record]", token: int) -> None:
    highest = await target.fetchval(FENCE)
    if highest is None or highest > token:
        raise StaleMigration(highest=highest or "-", token=token)


@contextmanager
def _answering(side: Side, job: Job) -> Iterator[None]:
    """What a side refuses carries its name, and no value of a row that is not public."""
    try:
        yield
    except DRIVER as error:
        found = cause(error)
        if not found.sqlstate.startswith(TELLING):
            raise side.endpoint.failure(error) from redacted(error)
        public = all(column.classification is Classification.PUBLIC for column in job.flow.columns)
        raise RowRefused(
            database=str(side.endpoint), table=str(job.flow.target), flow=job.flow.name, chunk=job.chunk.number,
            cause=found.text(public),
        ) from redacted(error)  # fmt: skip
