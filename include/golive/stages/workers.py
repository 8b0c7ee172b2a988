"""Performs work on its target and says what came of it. Every worker can be asked again for the same operation."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from golive.checks.values import Result
from golive.errors import RefusedError, TargetError
from golive.hosts.errors import CommandTimeout, HostUnreachable
from golive.hosts.host import Host
from golive.hosts.values import Operation, Outcome, Status, Upload
from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.stages import database_worker, migration_worker
from golive.stages.bench import Bench
from golive.stages.errors import DatabaseUnreachable, RunEnded
from golive.stages.fencing import require_current
from golive.stages.jobs import Done, Job
from golive.stages.work import (
    DeprovisionWork,
    FileWork,
    HostWork,
    MigrationWork,
    ProvisionWork,
    RegisterWork,
    RestoreWork,
    ServiceWork,
)

DETAIL = 800
"""Characters of output kept in the ledger."""


async def perform(bench: Bench, job: Job) -> Done:
    """Does the job, or finds it done. Never raises for what a target did or did not do."""
    try:
        return await _perform(bench, job)
    except (HostUnreachable, CommandTimeout, DatabaseUnreachable) as error:
        return Done("unknown", str(error))
    except TargetError as error:
        return Done("failed", str(error))
    except RefusedError as error:
        return Done("refused", str(error))


async def _perform(bench: Bench, job: Job) -> Done:
    match job.work:
        case FileWork():
            return await _upload(bench, job, job.work)
        case HostWork():
            return await _operate(await bench.host(job.host), job, job.work)
        case ServiceWork():
            return await _serve(bench, job, job.work)
        case RestoreWork():
            return await _restore(bench, job, job.work)
        case ProvisionWork() | DeprovisionWork() | MigrationWork():
            return await asyncio.to_thread(_in_database, bench, job)
        case RegisterWork():
            return await asyncio.to_thread(register, bench.runtime.ledger, bench.runtime.run.environment, job, job.work)


async def _upload(bench: Bench, job: Job, work: FileWork) -> Done:
    host = await bench.host(job.host)
    upload = Upload(work.target, work.content, work.size, work.mode, job.token)
    chunks = bench.runtime.ledger.chunks(work.content)
    outcome = await host.upload(upload, chunks, timeout=60 + work.size / 100_000)
    return _judged(outcome)


async def _operate(host: Host, job: Job, work: HostWork) -> Done:
    outcome = await host.operate(Operation(job.operation, job.token, work.command), timeout=work.seconds)
    if outcome.status is Status.LOST:
        # What may be left of it must be gone before anybody looks, or it could still change what was seen.
        await host.cancel(job.operation)
        return await _probe(host, work, outcome)
    return _judged(outcome)


async def _probe(host: Host, work: HostWork, lost: Outcome) -> Done:
    """An operation that was cut off is neither done nor failed until its target says so."""
    if work.probe is None:
        return Done("failed", f"cut off: {lost.output[-DETAIL:]}")
    seen = await host.run(work.probe, timeout=60)
    if seen.succeeded:
        return Done("done", "cut off, and found in force")
    return Done("failed", f"cut off, and found not in force: {lost.output[-DETAIL:]}")


def _judged(outcome: Outcome) -> Done:
    if outcome.status is not Status.FINISHED:
        return Done("unknown", f"{outcome.status}: {outcome.output[-DETAIL:]}")
    result = "done" if outcome.succeeded else "failed"
    return Done(result, outcome.output[-DETAIL:].strip(), outcome.exit_status)


async def _serve(bench: Bench, job: Job, work: ServiceWork) -> Done:
    done = await _operate(await bench.host(job.host), job, work.host)
    if done.outcome != "done":
        return done
    verdict = await bench.ask(job.host, work.port, work.path, work.expectation, job.target)
    return done if verdict.result is Result.PASS else Done("failed", verdict.detail)


async def _restore(bench: Bench, job: Job, work: RestoreWork) -> Done:
    done = await _operate(await bench.host(job.host), job, work.host)
    if done.outcome != "done":
        return done
    connection = bench.scope.connection(work.admin)
    difference = await asyncio.to_thread(
        database_worker.compare_and_drop, connection, work, job.operation, _still(bench, job)
    )
    return Done("failed", difference) if difference else done


def _in_database(bench: Bench, job: Job) -> Done:
    still_ours = _still(bench, job)
    connection = bench.scope.connection
    match job.work:
        case ProvisionWork():
            made = database_worker.provision(connection, job.work, job.operation, job.token, still_ours)
            return Done("done", ", ".join(made))
        case DeprovisionWork():
            return Done("done", ", ".join(database_worker.deprovision(connection, job.work, still_ours)))
        case MigrationWork():
            return migration_worker.carry_out(bench, job, job.work)
    raise TypeError(type(job.work))


def _still(bench: Bench, job: Job) -> Callable[[], None]:
    """Asks whether the job's lease is still in force; raises ``LeaseLost``."""
    return partial(require_current, bench.runtime.ledger, bench.runtime.run.environment, job.place, job.token)


def register(ledger: Ledger, environment: str, job: Job, work: RegisterWork) -> Done:
    """Writes the entry once. Raises ``RunEnded`` when it was taken back before: the record is its own fence."""
    data = {**work.data, "operation": job.operation, **({"undoes": job.undoes} if job.undoes else {})}

    def once(events: Sequence[Event], now: datetime) -> list[NewEvent]:
        if any(event.data.get("undoes") == job.operation for event in events):
            raise RunEnded()
        seen = any(event.data.get("operation") == job.operation for event in events)
        return [] if seen else [NewEvent(work.kind, data)]

    ledger.append(environment_stream(environment), once)
    return Done("done")
