"""What runs outside a release's path: the rollback on demand, which ends when the old version is seen to serve."""

import asyncio
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.errors import TargetError
from golive.hosts.fleet import each
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.ledger.events import environment_stream
from golive.ledger.leases import given_up
from golive.release.plan import PlannedStep
from golive.stages.definition import StageDefinition, StepDefinition, app_hosts, the_release
from golive.stages.expectations import health_expectation

if TYPE_CHECKING:
    from golive.stages.bench import Bench


async def observe_confirm(bench: "Bench", _steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """Every host runs what served before and answers as it did, or runs nothing of this release; one that was given up
    is not asked."""
    events = await asyncio.to_thread(bench.runtime.ledger.read, environment_stream(bench.runtime.run.environment))
    over = given_up(events)
    places = tuple(app_hosts(bench.scope.manifest, bench.scope.environment))
    hosts = [place for place in places if place[0] not in over]
    left = [
        Verdict(f"confirm/{target}/{component}", Result.PASS, f"{over[target].kind}: {over[target].data['reason']}")
        for target, component in places
        if target in over
    ]
    found = await each(lambda place: _confirm(bench, place[0].removeprefix("host:"), place[1] or ""), hosts)
    return (*found, *left)


async def _confirm(bench: "Bench", name: str, component: str) -> Verdict:
    label = f"confirm/host:{name}/{component}"
    served = bench.scope.before.get((name, component))
    try:
        host = await bench.host(name)
        runs = (await host.run(what_runs(component), timeout=30)).output.strip()
    except TargetError as error:
        return Verdict(label, Result.INCONCLUSIVE, str(error))
    if served is None:
        return Verdict(label, Result.FAIL if _is_ours(bench, component, runs) else Result.PASS, runs)
    if not runs.startswith(f"running {served.directory} "):
        return Verdict(label, Result.FAIL, f"{runs} (before: {served.directory})")
    return await bench.ask(name, served.port, served.health.path, health_expectation(served.health), label)


def _is_ours(bench: "Bench", component: str, runs: str) -> bool:
    return runs.startswith(f"running {bench.scope.placements[component].directory} ")


def what_runs(component: str) -> Command:
    """Prints ``running RELEASE PORT`` or ``stopped``."""
    control = f"components/{component}/control"
    return Command("what_runs", sh("[ -f {control} ] && sh {control} status live || echo stopped", control=control))


ROLLBACK = StageDefinition("rollback", (StepDefinition("confirm", the_release, observe=observe_confirm),))
