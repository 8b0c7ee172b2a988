"""What runs outside a release's path: the rollback on demand, which ends when the old version is seen to serve."""

import asyncio
from typing import TYPE_CHECKING

from golive.checks.http import HttpExpectation
from golive.checks.values import Result, Verdict
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.release.plan import PlannedStep
from golive.stages.definition import StageDefinition, StepDefinition, app_hosts, the_release
from golive.stages.live import serving

if TYPE_CHECKING:
    from golive.stages.bench import Bench


async def observe_confirm(bench: "Bench", _steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """Every host runs what served before, or nothing where nothing did."""
    scope, run = bench.scope, bench.runtime.run
    live = serving(bench.runtime.ledger, run.environment)
    jobs = []
    for target, component in app_hosts(scope.manifest, scope.environment):
        before = live.data["components"].get(component, {}).get("directory") if live else None
        jobs.append(_confirm(bench, target.removeprefix("host:"), component or "", before))
    return tuple(await asyncio.gather(*jobs))


async def _confirm(bench: "Bench", name: str, component: str, before: str | None) -> Verdict:
    label = f"confirm/host:{name}/{component}"
    host = await bench.host(name)
    outcome = await host.run(what_runs(component), timeout=30)
    runs = outcome.output.strip()
    if before is None or not runs.startswith(f"running {before} "):
        result = Result.PASS if before is None and not _is_ours(bench, component, runs) else Result.FAIL
        return Verdict(label, result, f"{runs} (before: {before or '-'})")
    health = bench.scope.manifest.components[component].service.health
    port = bench.scope.port(name, component)
    expected = HttpExpectation(status=health.status, timeout_seconds=5, attempts=40, interval_ms=250)
    return await bench.ask(name, port, health.path, expected, label)


def _is_ours(bench: "Bench", component: str, runs: str) -> bool:
    return runs.startswith(f"running {bench.scope.placements[component].directory} ")


def what_runs(component: str) -> Command:
    """Prints ``running RELEASE PORT`` or ``stopped``."""
    control = f"components/{component}/control"
    return Command("what_runs", sh("[ -f {control} ] && sh {control} status live || echo stopped", control=control))


ROLLBACK = StageDefinition("rollback", (StepDefinition("confirm", the_release, observe=observe_confirm),))
