"""What the install stage looks at: may this release be installed here, and does it run beside the old one."""

import asyncio
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.errors import GoliveError, TargetError
from golive.hosts.fleet import each
from golive.ledger.errors import EvidenceCorrupt, EvidenceMissing
from golive.ledger.events import release_stream
from golive.release.people import SIDES
from golive.release.plan import PlannedStep
from golive.release.version import is_older
from golive.stages.changes import signed_changes, wanted
from golive.stages.expectations import health_expectation
from golive.stages.facts import ports_taken
from golive.stages.live import serving
from golive.stages.promotion import promotion_problems
from golive.stages.standing import fold_stages
from golive.stages.switch import start_check, stop_check

if TYPE_CHECKING:
    from golive.stages.bench import Bench


async def observe_verify(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """Artifacts against their digests, configuration against its variables, promotion, and no downgrade."""
    return await asyncio.to_thread(_verify, bench)


def _verify(bench: "Bench") -> tuple[Verdict, ...]:
    return (*_artifacts(bench), _configuration(bench), _promotion(bench), *_downgrades(bench))


def _artifacts(bench: "Bench") -> list[Verdict]:
    verdicts = []
    for name, placement in bench.scope.placements.items():
        try:
            for _ in bench.runtime.ledger.chunks(placement.bundle):
                pass
            verdicts.append(Verdict(name=f"verify/artifact:{name}", result=Result.PASS, detail=placement.bundle))
        except (EvidenceCorrupt, EvidenceMissing) as error:
            verdicts.append(Verdict(name=f"verify/artifact:{name}", result=Result.FAIL, detail=str(error)))
    return verdicts


def _configuration(bench: "Bench") -> Verdict:
    from golive.stages.install import rendered_files

    try:
        count = sum(len(rendered_files(bench.scope, name)) for name in bench.scope.placements)
    except (GoliveError, KeyError) as error:
        return Verdict(name="verify/configuration", result=Result.FAIL, detail=str(error))
    return Verdict(name="verify/configuration", result=Result.PASS, detail=f"{count} files")


def _promotion(bench: "Bench") -> Verdict:
    run = bench.runtime.run
    events = bench.runtime.ledger.read(release_stream(run.release))
    manifest, digest = bench.scope.manifest, fold_stages(events)[(run.environment, run.stage)].manifest
    problems = promotion_problems(events, manifest, digest, run.environment, manifest.locale)
    if problems or run.environment != manifest.production:
        result = Result.FAIL if problems else Result.PASS
        return Verdict(name="verify/promotion", result=result, detail="; ".join(problems) or run.environment)
    signed = signed_changes(events, manifest, digest, run.environment)
    said = "; ".join(f"{item.change.id}: {wanted(manifest, item, SIDES, manifest.locale)}" for item in signed)
    return Verdict(name="verify/promotion", result=Result.PASS, detail=said or run.environment)


def _downgrades(bench: "Bench") -> list[Verdict]:
    live = serving(bench.runtime.ledger, bench.runtime.run.environment)
    current = {name: item["version"] for name, item in live.data["components"].items()} if live else {}
    verdicts = []
    for name, placement in bench.scope.placements.items():
        before = current.get(name)
        older = before is not None and is_older(placement.version, before)
        detail = f"{before or '-'} → {placement.version}"
        verdicts.append(
            Verdict(name=f"verify/no_downgrade:{name}", result=Result.FAIL if older else Result.PASS, detail=detail)
        )
    return verdicts


async def observe_check(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """Starts the new release on its check port on every host, asks for its health, stops it again."""
    return tuple(await each(lambda step: _check(bench, step), steps))


async def _check(bench: "Bench", step: PlannedStep) -> Verdict:
    name, component = step.target.removeprefix("host:"), step.component or ""
    placement = bench.scope.placements[component]
    service = bench.scope.manifest.components[component].service
    port = bench.scope.port(name, component, check=True)
    label = f"check/{step.target}/{component}"
    try:
        # Asked before the start: a stranger on the port could answer in the new version's place.
        held = await ports_taken(bench, name, {bench.scope.port(name, component): component, port: component})
        if held:
            return Verdict(name=label, result=Result.FAIL, detail="; ".join(held))
        host = await bench.host(name)
        try:
            started = await host.run(start_check(placement, port), timeout=60)
            if not started.succeeded:
                return Verdict(name=label, result=Result.FAIL, detail=started.output[-500:])
            return await bench.ask(name, port, service.health.path, health_expectation(service.health), label)
        finally:
            await host.run(stop_check(placement, service.stop_seconds), timeout=service.stop_seconds + 30)
    except TargetError as error:
        locale = bench.scope.manifest.locale
        return Verdict(name=label, result=Result.INCONCLUSIVE, detail=error.message(locale))
