"""The trial: on a restored copy the schema changes up, down and up, the mapping is held against it, a sample moves."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from golive.canonical import digest
from golive.checks.values import Result, Verdict
from golive.errors import InputError, RefusedError, TargetError
from golive.migration.check import check
from golive.migration.ddl.rehearsal import rehearse
from golive.migration.endpoint import Endpoint
from golive.migration.errors import ServerUnreachable
from golive.migration.reverse import reverse
from golive.migration.trial import try_sample
from golive.release.plan import PlannedStep
from golive.stages import database_steps, database_worker
from golive.stages.environment import database_password, where_is
from golive.stages.moving import endpoint, mapping_of, move_of, scripts_of
from golive.texts import text

if TYPE_CHECKING:
    from golive.stages.bench import Bench

RESTORE_SECONDS = 3600
Verdicts = tuple[Verdict, ...]


async def observe_trial(bench: "Bench", steps: tuple[PlannedStep, ...]) -> Verdicts:
    """Restores the newest backup of the database that will change, tries everything on it, and drops it."""
    manifest = bench.scope.manifest.migration
    database = manifest.ddl.database if manifest.ddl else manifest.data.target if manifest.data else ""
    if not database:
        return await asyncio.to_thread(looking, bench, "trial", lambda _bench: ())
    entry = bench.scope.environment.databases[database]
    scratch = f"golive_trial_{digest(entry.name).removeprefix('sha256:')[:16]}"
    host = await bench.host(entry.host)
    where, password = where_is(bench.scope, database), database_password(bench.scope, database)
    command = database_steps.restore(database, where, bench.scope.environment.tools, password, scratch)
    restored = await host.run(command, timeout=RESTORE_SECONDS)
    if not restored.succeeded:
        return (Verdict("trial/restore", Result.FAIL, restored.output[-300:]),)
    copy = replace(endpoint(bench.scope, database), database=scratch)
    try:
        return await asyncio.to_thread(looking, bench, "trial", lambda bench: _tried(bench, copy))
    finally:
        await asyncio.to_thread(database_worker.drop, bench.scope.connection(entry.admin), scratch)


def _tried(bench: "Bench", copy: Endpoint) -> Verdicts:
    scope = bench.scope
    found = []
    if scripts := scripts_of(scope):
        names = ", ".join(rehearse(copy, scripts, bench.runtime.say))
        found.append(Verdict("trial/scripts", Result.PASS, say(bench, "migration_rehearsed", names=names or "-")))
    move = move_of(scope, target=copy)
    if move is None:
        return tuple(found)
    file = mapping_of(scope, move.data)
    reverse(file, check(file, move.forward.source, copy), move.forward.source, copy)
    found.append(Verdict("trial/mapping", Result.PASS, say(bench, "migration_mapped", tables=len(move.forward.flows))))
    for tried in try_sample(move.forward.source, copy, move.forward.flows, move.data.sample_rows):
        result = Result.FAIL if tried.problem else Result.PASS
        detail = tried.problem or say(bench, "migration_sampled", rows=tried.rows)
        found.append(Verdict(f"trial/{tried.flow}", result, detail, tried.rows))
    return tuple(found)


def looking(bench: "Bench", name: str, look: Callable[["Bench"], Verdicts]) -> Verdicts:
    """What a look says; an error that it ends with is a verdict too. Nothing to move is nothing wrong."""
    found: list[Verdict] = []
    with _told(bench, name, found):
        found += look(bench)
    return tuple(found) or (Verdict(f"{name}/nothing", Result.PASS, say(bench, "migration_nothing")),)


@contextmanager
def _told(bench: "Bench", name: str, found: list[Verdict]) -> Iterator[None]:
    locale = bench.scope.manifest.locale
    try:
        yield
    except ServerUnreachable as error:
        found.append(Verdict(f"{name}/answer", Result.INCONCLUSIVE, error.message(locale)))
    except (InputError, RefusedError, TargetError) as error:
        found.append(Verdict(f"{name}/answer", Result.FAIL, error.message(locale)))


def say(bench: "Bench", key: str, **data: object) -> str:
    return text(f"stages.{key}", bench.scope.manifest.locale, **data)
