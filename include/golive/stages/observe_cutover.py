"""What the cutover stage looks at: is everything proven before, and does the world see the new release after."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from golive.checks.http import HttpExpectation
from golive.checks.values import Result, Verdict
from golive.hosts.fleet import each
from golive.ledger.events import release_stream
from golive.release.people import PLAN
from golive.release.plan import PlannedStep
from golive.stages.definition import app_hosts
from golive.stages.effects import UNSETTLED, fold_effects
from golive.stages.expectations import check_expectation, health_expectation
from golive.stages.standing import StageState, fold_stages, last

if TYPE_CHECKING:
    from golive.stages.bench import Bench


async def observe_readiness(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """Everything cutover stands on, read from the ledger."""
    return await asyncio.to_thread(_readiness, bench)


def _readiness(bench: "Bench") -> tuple[Verdict, ...]:
    run = bench.runtime.run
    events = bench.runtime.ledger.read(release_stream(run.release))
    stages = fold_stages(events)
    verdicts = []
    for stage in (PLAN, "environment", "install"):
        standing = stages.get((run.environment, stage))
        closed = standing is not None and standing.state is StageState.CLOSED
        detail = str(standing.state) if standing else "-"
        verdicts.append(_verdict(f"readiness/{stage}", closed, detail))
    effects = fold_effects(events, run.environment)
    loose = sorted(key for key, effect in effects.items() if effect.state in UNSETTLED)
    verdicts.append(_verdict("readiness/no_unknown_effect", not loose, ", ".join(loose) or "0"))
    verdicts.extend(_backups(bench))
    return tuple(verdicts)


def _backups(bench: "Bench") -> list[Verdict]:
    run, ledger = bench.runtime.run, bench.runtime.ledger
    events = ledger.read(release_stream(run.release))
    verdicts = []
    for name, database in bench.scope.environment.databases.items():
        key = f"environment.restore_check/database:{name}"
        effect = fold_effects(events, run.environment).get(key)
        done = last(events, "effect.recorded", operation=effect.operation, outcome="in_force") if effect else None
        limit = timedelta(hours=database.backup_maximum_age_hours)
        fresh = done is not None and ledger.now() - done.at <= limit
        detail = done.at.isoformat(timespec="seconds") if done else "-"
        verdicts.append(_verdict(f"readiness/backup:{name}", fresh, detail))
    return verdicts


def _verdict(name: str, good: bool, detail: str) -> Verdict:
    return Verdict(name=name, result=Result.PASS if good else Result.FAIL, detail=detail)


async def observe_smoke(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """The manifest's checks from outside, through each balancer; without a balancer the hosts' own health once more."""
    return tuple(await asyncio.gather(*outside(bench, "smoke"))) or await _health(bench)


async def look_once(bench: "Bench") -> tuple[Verdict, ...]:
    """As ``observe_smoke``, each asked a single time: a look must see what a patient check would forgive."""
    return tuple(await asyncio.gather(*outside(bench, "look", attempts=1))) or await _health(bench, attempts=1)


def outside(bench: "Bench", prefix: str, attempts: int | None = None) -> list[Coroutine[Any, Any, Verdict]]:
    """The questions of the manifest's checks to each balancer, not asked yet; each as often as it says, or as told."""
    scope = bench.scope
    return [
        bench.ask_outside(
            scope.environment.hosts[balancer.host].address,
            balancer.port,
            check.path,
            _tried(check_expectation(check), attempts),
            f"{prefix}/{name}/{check.name}",
        )
        for name, balancer in scope.environment.balancers.items()
        for check in scope.manifest.checks_of("cutover")
    ]


def _tried(expectation: HttpExpectation, attempts: int | None) -> HttpExpectation:
    return replace(expectation, attempts=attempts) if attempts else expectation


async def _health(bench: "Bench", attempts: int | None = None) -> tuple[Verdict, ...]:
    scope = bench.scope

    async def one(place: tuple[str, str | None]) -> Verdict:
        target, name = place[0], place[1] or ""
        host, health = target.removeprefix("host:"), scope.manifest.components[name].service.health
        expected, label = _tried(health_expectation(health), attempts), f"smoke/{target}/{name}"
        return await bench.ask(host, scope.port(host, name), health.path, expected, label)

    return tuple(await each(one, app_hosts(scope.manifest, scope.environment)))
