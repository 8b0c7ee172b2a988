"""What the plan stage looks at. Nothing here touches a host: all of it is known to the ledger and the inventory."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.ledger.events import Event, environment_stream, release_stream
from golive.ledger.leases import current
from golive.release.people import SIDES
from golive.release.plan import Plan, PlannedStep
from golive.release.windows import bounds, is_open, next_opening, windows_of
from golive.stages.changes import SignedChange, signed_changes, wanted
from golive.stages.live import serving
from golive.stages.standing import fold_stages
from golive.texts import text

if TYPE_CHECKING:
    from golive.stages.bench import Bench

Steps = tuple[PlannedStep, ...]


async def observe_changes(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """Every change request (CSR): risk, work, proof of test, and who has signed or must sign it."""
    return await asyncio.to_thread(_changes, bench)


async def observe_difference(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """How much changes: each component's files against those of what serves here now."""
    return await asyncio.to_thread(_difference, bench)


async def observe_reach(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """What the release touches here, and what else is here: hosts, databases, and components that it leaves alone."""
    return await asyncio.to_thread(_reach, bench)


async def observe_schedule(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """The manifest's windows against the calendar: a stage whose windows are all over could never act."""
    return await asyncio.to_thread(_schedule, bench)


def _say(bench: "Bench", key: str, **data: object) -> str:
    return text(f"stages.{key}", bench.scope.manifest.locale, **data)


def _changes(bench: "Bench") -> tuple[Verdict, ...]:
    manifest, run = bench.scope.manifest, bench.runtime.run
    events = bench.runtime.ledger.read(release_stream(run.release))
    digest = fold_stages(events)[(run.environment, run.stage)].manifest
    found = signed_changes(events, manifest, digest, manifest.production)
    total = sum(change.effort_hours for change in manifest.changes)
    whole = _say(bench, "changes_in_all", count=len(found), hours=total, environment=manifest.production)
    return (_pass("changes/all", whole), *(_pass(f"changes/{item.change.id}", _change(bench, item)) for item in found))


def _change(bench: "Bench", item: SignedChange) -> str:
    manifest, change = bench.scope.manifest, item.change
    risk = text(f"approvals.risk_{change.risk}", manifest.locale)
    facts = {"risk": risk, "hours": change.effort_hours, "report": change.test_report, "title": change.title}
    signers = wanted(manifest, item, SIDES, manifest.locale)
    return _say(bench, "change_fact", **facts, services=", ".join(change.services) or "-", signers=signers)


def _difference(bench: "Bench") -> tuple[Verdict, ...]:
    live = serving(bench.runtime.ledger, bench.runtime.run.environment)
    return tuple(_pass(f"difference/{name}", _compared(bench, name, live)) for name in bench.scope.placements)


def _compared(bench: "Bench", name: str, live: Event | None) -> str:
    placement = bench.scope.placements[name]
    after = tree_files(bench.scope.texts[placement.tree])
    served = live.data["components"].get(name) if live else None
    if served is None:
        return _say(bench, "difference_first", version=placement.version, files=len(after))
    before = tree_files(bench.runtime.ledger.fetch(served["tree"]).decode())
    counts = {
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(before[file] != after[file] for file in before.keys() & after.keys()),
    }
    return _say(bench, "difference_fact", before=served["version"], version=placement.version, **counts)


def tree_files(tree: str) -> Mapping[str, str]:
    """The digest of each file, from a list as ``sha256sum`` prints it."""
    return {name: digest for digest, name in (line.split("  ", 1) for line in tree.splitlines())}


def _reach(bench: "Bench") -> tuple[Verdict, ...]:
    from golive.stages.subject import load_subject, plan_of  # which knows all stages, this one too

    run, ledger = bench.runtime.run, bench.runtime.ledger
    plan = plan_of(ledger, load_subject(ledger, run.release, run.environment))
    live = serving(ledger, run.environment)
    beside = live.data["components"] if live else {}
    others = {name: item["version"] for name, item in beside.items() if name not in bench.scope.placements}
    found = [*_touched(bench, plan), *(_pass(f"reach/beside:{name}", others[name]) for name in sorted(others))]
    leases = [current(ledger.read(environment_stream(run.environment)), target) for target in _targets(bench)]
    holders = {lease.holder.partition("/")[2] for lease in leases if lease} - {run.release}
    at_work = _say(bench, "reach_at_work", releases=", ".join(sorted(holders)) or "-")
    return (*found, _pass("reach/at_work", at_work))


def _targets(bench: "Bench") -> list[str]:
    """Every host and database of the inventory."""
    environment = bench.scope.environment
    return [*(f"host:{name}" for name in environment.hosts), *(f"database:{name}" for name in environment.databases)]


def _touched(bench: "Bench", plan: Plan) -> Iterator[Verdict]:
    """Every host and database with the number of effects on it; those without any as well."""
    effects = Counter(step.target for step in plan.steps if step.effect)
    parts: dict[str, set[str]] = {}
    for step in plan.steps:
        if step.effect and step.component:
            parts.setdefault(step.target, set()).add(step.component)
    for target in _targets(bench):
        key = "reach_touched" if effects[target] else "reach_untouched"
        components = ", ".join(sorted(parts.get(target, ()))) or "-"
        yield _pass(f"reach/{target}", _say(bench, key, count=effects[target], components=components))


def _schedule(bench: "Bench") -> tuple[Verdict, ...]:
    manifest, environment, name = bench.scope.manifest, bench.scope.environment, bench.runtime.run.environment
    stages = dict.fromkeys(stage for item in manifest.windows if item.environment == name for stage in item.stages)
    if not stages:
        return (_pass("schedule/always", _say(bench, "schedule_always", timezone=environment.timezone)),)
    return tuple(_window(bench, stage) for stage in stages)


def _window(bench: "Bench", stage: str) -> Verdict:
    manifest, name, zone = bench.scope.manifest, bench.runtime.run.environment, bench.scope.environment.zone
    now = bench.runtime.ledger.now()
    facts = {"timezone": bench.scope.environment.timezone, "now": f"{now.astimezone(zone):%Y-%m-%d %H:%M}"}
    if is_open(manifest, name, stage, zone, now):
        ends = (
            end for start, end in (bounds(w, zone) for w in windows_of(manifest, name, stage)) if start <= now < end
        )
        until = f"{max(ends).astimezone(zone):%Y-%m-%d %H:%M}"
        return _pass(f"schedule/{stage}", _say(bench, "schedule_open", until=until, **facts))
    opens = next_opening(manifest, name, stage, zone, now)
    if opens is None:
        return Verdict(f"schedule/{stage}", Result.FAIL, _say(bench, "schedule_over", **facts))
    at = f"{opens.astimezone(zone):%Y-%m-%d %H:%M}"
    return _pass(f"schedule/{stage}", _say(bench, "schedule_opens", opens=at, **facts))


def _pass(name: str, detail: str) -> Verdict:
    return Verdict(name=name, result=Result.PASS, detail=detail)
