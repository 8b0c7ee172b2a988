"""What the night looks at, as a table: a new check is a function and a row in ``CHECKS``."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from golive.checks.tls import probe_certificate
from golive.checks.values import Result, Verdict
from golive.errors import GoliveError
from golive.hosts.fleet import each
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.release.plan import PlannedStep
from golive.stages import database_worker
from golive.stages.bench import Bench
from golive.stages.definition import app_hosts
from golive.stages.escalation import escalate
from golive.stages.expectations import health_expectation
from golive.stages.facts import observe_facts, target_hosts
from golive.stages.host_steps import tree_is
from golive.stages.layout import backup_directory
from golive.stages.observe_cutover import outside
from golive.stages.reconcile import CLOSED, WAITS, asked_for, reconcile
from golive.stages.switch import serves
from golive.stages.tree import beside

Place = tuple[str, str | None]

KEEP_DAYS = 30
"""How long a host keeps what it knows of an operation that has ended."""


def _verdict(name: str, good: bool, detail: str, measured: int | None = None) -> Verdict:
    return Verdict(name, Result.PASS if good else Result.FAIL, detail, measured)


def _step(target: str, component: str | None) -> PlannedStep:
    return PlannedStep("nightly_health", "", target, component, False, "", None, True)


async def _careful(name: str, work: Awaitable[Verdict]) -> Verdict:
    """A target that does not answer is inconclusive, and does not hide the others."""
    try:
        return await work
    except GoliveError as error:
        return Verdict(name, Result.INCONCLUSIVE, str(error))


async def _hosts(bench: Bench) -> tuple[Verdict, ...]:
    targets = target_hosts(bench.scope.manifest, bench.scope.environment)
    return await observe_facts(bench, tuple(_step(*target) for target in targets))


async def _effects(bench: Bench) -> tuple[Verdict, ...]:
    """Nothing is without an outcome: what nobody will close is closed by what its place says. Then hosts forget what is
    old."""
    runtime, scope = bench.runtime, bench.scope
    found = await asyncio.to_thread(reconcile, runtime)
    if not found.left:
        await asyncio.to_thread(escalate, runtime, scope.manifest, scope.environment, found)
    open_ones = [item for item in found.found if item.outcome not in {*CLOSED, WAITS}]
    detail = "; ".join(map(str, open_ones)) or str(len(found.found))
    closed = Verdict("effects/closed", Result.FAIL if open_ones else Result.PASS, detail, len(found.found))
    keep = await asyncio.to_thread(asked_for, runtime)
    return (
        closed,
        *await each(lambda name: _careful(f"effects/host:{name}", _forget(bench, name, keep)), scope.environment.hosts),
    )


async def _forget(bench: Bench, name: str, keep: Sequence[str]) -> Verdict:
    count = await (await bench.host(name)).prune(days=KEEP_DAYS, keep=keep)
    return Verdict(f"effects/host:{name}", Result.PASS, str(count), count)


async def _services(bench: Bench) -> tuple[Verdict, ...]:
    scope = bench.scope

    async def one(place: Place) -> Verdict:
        host, name = place[0].removeprefix("host:"), place[1] or ""
        health = scope.manifest.components[name].service.health
        label = f"services/{place[0]}/{name}"
        asked = bench.ask(host, scope.port(host, name), health.path, health_expectation(health), label)
        return await _careful(label, asked)

    own = await each(one, app_hosts(scope.manifest, scope.environment))
    return (*own, *await asyncio.gather(*outside(bench, "services")))


async def _drift(bench: Bench) -> tuple[Verdict, ...]:
    """Each host runs exactly what the ledger says, and what lies on its disk is exactly what was installed."""

    async def one(place: Place) -> Verdict:
        label = f"drift/{place[0]}/{place[1]}"
        return await _careful(label, _same(bench, place[0].removeprefix("host:"), place[1] or "", label))

    own = await each(one, app_hosts(bench.scope.manifest, bench.scope.environment))
    return tuple(own)


async def _same(bench: Bench, name: str, component: str, label: str) -> Verdict:
    placement = bench.scope.placements[component]
    host = await bench.host(name)
    if not (await host.run(serves(placement), timeout=30)).succeeded:
        return _verdict(label, False, f"{placement.directory} does not run")
    kept = beside(bench.scope.manifest.components[component])
    disk = await host.run(tree_is(placement, bench.scope.texts[placement.tree], kept), timeout=120)
    return _verdict(label, disk.succeeded, placement.directory if disk.succeeded else "files were changed")


async def _certificates(bench: Bench) -> tuple[Verdict, ...]:
    entries, now = bench.scope.environment.certificates, bench.runtime.ledger.now()

    async def one(name: str) -> Verdict:
        entry = entries[name]
        address = (bench.scope.environment.hosts[entry.host].address, entry.port)
        return await probe_certificate(f"certificates/{name}", address, entry.minimum_days, now=now, allowed=[address])

    return tuple(await each(one, entries)) or (Verdict("certificates", Result.PASS, "0"),)


async def _databases(bench: Bench) -> tuple[Verdict, ...]:
    names = bench.scope.environment.databases
    found = await each(lambda name: _careful(f"databases/{name}", _size(bench, name)), names)
    return tuple(found) or (Verdict("databases", Result.PASS, "0"),)


async def _size(bench: Bench, name: str) -> Verdict:
    database = bench.scope.environment.databases[name]
    connection = bench.scope.connection(database.connection)
    size = await asyncio.to_thread(database_worker.size_mb, connection, database.name)
    return Verdict(f"databases/{name}", Result.PASS, f"{size} MiB", size, "MiB")


async def _backups(bench: Bench) -> tuple[Verdict, ...]:
    names = bench.scope.environment.databases
    found = await each(lambda name: _careful(f"backups/{name}", _age(bench, name)), names)
    return tuple(found) or (Verdict("backups", Result.PASS, "0"),)


async def _age(bench: Bench, name: str) -> Verdict:
    database = bench.scope.environment.databases[name]
    host = await bench.host(database.host)
    outcome = await host.run(newest_backup(name), timeout=30)
    label = f"backups/{name}"
    if not outcome.succeeded:
        return _verdict(label, False, "there is no backup")
    written, size = (int(word) for word in outcome.output.split()[-2:])
    hours = max(0, int(bench.runtime.ledger.now().timestamp()) - written) // 3600
    detail = f"{hours} h, {size} bytes"
    return _verdict(label, size > 0 and hours <= database.backup_maximum_age_hours, detail, hours)


def newest_backup(database: str) -> Command:
    """Prints when the newest dump was written (seconds since 1970) and its size in bytes; fails when there is none."""
    script = sh(
        """file=$(ls {directory}/*.dump 2>/dev/null | sort | tail -n 1)
[ -n "$file" ] && echo "$(date -r "$file" +%s) $(wc -c <"$file")"
""",
        directory=backup_directory(database),
    )
    return Command("newest_backup", script)


CHECKS: Mapping[str, Callable[[Bench], Awaitable[tuple[Verdict, ...]]]] = {
    "hosts": _hosts,
    "services": _services,
    "effects": _effects,
    "drift": _drift,
    "certificates": _certificates,
    "databases": _databases,
    "backups": _backups,
}
