"""What the cutover stage looks at: is everything proven before, and does the world see the new release after."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.ledger.events import release_stream
from golive.release.plan import PlannedStep
from golive.stages.effects import State, fold_effects
from golive.stages.expectations import check_expectation
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
    for stage in ("environment", "install"):
        standing = stages.get((run.environment, stage))
        closed = standing is not None and standing.state is StageState.CLOSED
        detail = str(standing.state) if standing else "-"
        verdicts.append(_verdict(f"readiness/{stage}", closed, detail))
    effects = fold_effects(events, run.environment)
    loose = sorted(key for key, effect in effects.items() if effect.state in {State.OPEN, State.UNKNOWN})
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
    """The manifest's checks from outside, through each balancer."""
    scope = bench.scope
    jobs = []
    for name, balancer in scope.environment.balancers.items():
        address = scope.environment.hosts[balancer.host].address
        for check in scope.manifest.checks_of("cutover"):
            label = f"smoke/{name}/{check.name}"
            jobs.append(bench.ask_outside(address, balancer.port, check.path, check_expectation(check), label))
    return tuple(await asyncio.gather(*jobs))
