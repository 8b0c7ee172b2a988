"""Asks the place of an effect that nobody will close what became of it, once nobody can change the answer any more.

The place is fenced first. Then a host says how an operation ended, or that it never began; a file is there or not; a
database has the effect's marker or not; the environment's record has the entry or is closed to it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from golive.hosts.values import Status
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.stages import database_worker, migration_worker
from golive.stages.bench import Bench
from golive.stages.host_steps import file_is
from golive.stages.jobs import Done, Job
from golive.stages.work import FileWork, MigrationWork, ProvisionWork, RegisterWork
from golive.stages.workers import perform

RUNNING = "running"
"""The outcome of an effect that is still on its way: it is left to end."""

ENTRY_CLOSED = "entry.closed"
"""In the environment's stream: the entry of the operation that it ``undoes`` is not there and never will be."""


async def probe(tools: Bench, job: Job) -> Done:
    """``done``, ``failed``, ``running`` or ``unknown`` (asking again may tell). Raises what a target raises.

    Whoever still tries to do the job is refused from here on; it must be asked under a token above its own.
    """
    match job.work:
        case RegisterWork():
            return await asyncio.to_thread(_entry, tools, job)
        case ProvisionWork():
            return await asyncio.to_thread(_database, tools, job, job.work)
        case MigrationWork():
            return await asyncio.to_thread(migration_worker.find, tools, job, job.work)
        case FileWork():
            return await _file(tools, job, job.work)
        case _:
            return await _operation(tools, job)


async def _operation(tools: Bench, job: Job) -> Done:
    host = await tools.host(job.host)
    await host.raise_fence(job.token)
    outcome = await host.status(job.operation)
    if outcome.status is Status.ABSENT:
        return Done("failed", "never started")
    if outcome.status is Status.RUNNING:
        return Done(RUNNING, "still running")
    # It has ended: who asks for it now starts nothing, and judges it as its own step would have.
    return await perform(tools, job)


async def _file(tools: Bench, job: Job, work: FileWork) -> Done:
    host = await tools.host(job.host)
    await host.raise_fence(job.token)
    there = await host.run(file_is(work.target, work.content), timeout=60 + work.size / 100_000)
    return Done("done", "found whole") if there.succeeded else Done("failed", "not there")


def _database(tools: Bench, job: Job, work: ProvisionWork) -> Done:
    admin = tools.scope.connection(work.admin)
    database_worker.raise_fence(admin, work.database, job.token)
    marked = database_worker.is_marked(admin, work.database, job.operation)
    return Done("done", "its marker is there") if marked else Done("failed", "its marker is not there")


def _entry(tools: Bench, job: Job) -> Done:
    found = Done("done", "the entry is there")

    def close(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        nonlocal found
        if any(event.data.get("operation") == job.operation for event in events):
            return []
        found = Done("failed", "never entered")
        closed = any(event.data.get("undoes") == job.operation for event in events)
        return [] if closed else [NewEvent(ENTRY_CLOSED, {"undoes": job.operation})]

    tools.runtime.ledger.append(environment_stream(tools.runtime.run.environment), close)
    return found
