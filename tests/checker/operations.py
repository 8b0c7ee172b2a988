"""6. Every effect has an intent and an outcome; none is unknown after recovery.
8. Each effect id is applied once, and no lower fencing token after a higher one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checker import story
from tests.checker.record import World


@dataclass(frozen=True)
class OnHost:
    """An operation as it lies in a host's ``.golive/operations``."""

    id: str
    token: int
    started: int
    status: int | None


def operations(home: Path) -> list[OnHost]:
    """In the order in which they were started."""
    found = []
    for folder in home.glob(".golive/operations/*"):
        if (folder / "pid").exists():
            status = (folder / "status").read_text().strip() if (folder / "status").exists() else ""
            token = int((folder / "token").read_text())
            started = (folder / "pid").stat().st_mtime_ns
            found.append(OnHost(folder.name, token, started, int(status) if status else None))
    return sorted(found, key=lambda operation: operation.started)


def check_outcomes(world: World, running: bool) -> Iterator[str]:
    for release, events in world.releases.items():
        intents = Counter(e.data["operation"] for e in events if e.kind in ("effect.intended", "undo.intended"))
        yield from (f"6 {release}: operation {name} was intended {n} times" for name, n in intents.items() if n > 1)
        answered = {e.data["operation"] for e in events if e.kind in ("effect.recorded", "undo.recorded")}
        yield from (f"6 {release}: operation {name} was never intended" for name in answered - set(intents))
        for effect in story.effects(events).values():
            undone = effect.undo in ("undone", "failed") and not effect.undoing
            if not running and effect.outcome not in ("in_force", "failed") and not undone:
                yield f"6 {release}: {effect.intent['key']} is {effect.outcome or 'open'}"
            if not running and effect.undoing:
                yield f"6 {release}: the compensation of {effect.intent['key']} has no answer"


def check_fences(world: World) -> Iterator[str]:
    intents = _intents(world)
    for environment, events in world.environments.items():
        yield from (f"8 {environment}: {why}" for why in _leases([e.data for e in events if e.kind == "lease.taken"]))
        highest = {e.data["target"]: e.data["token"] for e in events if e.kind == "lease.taken"}
        seen: Counter[str] = Counter()
        for folder in sorted((world.home / "hosts" / environment).glob("*")):
            found = operations(folder / "home")
            seen.update(operation.id for operation in found)
            for why in _host(folder / "home", found, intents, highest.get(f"host:{folder.name}", 0)):
                yield f"8 {environment}/{folder.name}: {why}"
        yield from (f"8 {environment}: operation {name} ran on {n} hosts" for name, n in seen.items() if n > 1)
        yield from (f"8 {environment}: {why}" for why in _databases(world, environment, intents, highest))
    yield from _effects_on_hosts(world)


def _intents(world: World) -> dict[str, dict[str, Any]]:
    kinds = ("effect.intended", "undo.intended")
    return {e.data["operation"]: e.data for rows in world.releases.values() for e in rows if e.kind in kinds}


def _leases(taken: list[dict[str, Any]]) -> Iterator[str]:
    highest: dict[str, int] = {}
    for lease in taken:
        if lease["token"] <= highest.get(lease["target"], 0):
            yield f"lease token {lease['token']} on {lease['target']} did not rise"
        highest[lease["target"]] = lease["token"]


def _host(home: Path, found: list[OnHost], intents: dict[str, dict[str, Any]], leased: int) -> Iterator[str]:
    fence = int((home / ".golive" / "fence").read_text()) if (home / ".golive" / "fence").exists() else 0
    highest = 0
    for operation in found:
        intent = intents.get(operation.id)
        if intent is None:
            yield f"operation {operation.id} ran, but nobody intended it"
        elif intent["token"] != operation.token:
            yield f"operation {operation.id} ran under token {operation.token}, intended under {intent['token']}"
        if operation.token < highest:
            yield f"operation {operation.id} of token {operation.token} started after one of {highest}"
        highest = max(highest, operation.token)
    if fence < highest:
        yield f"the fence is {fence}, but token {highest} was used"
    if fence > leased:
        yield f"the fence is {fence}, but no lease above {leased} was ever taken"


def _databases(
    world: World, environment: str, intents: dict[str, dict[str, Any]], leased: dict[str, int]
) -> Iterator[str]:
    submitted = [e.data["environment"] for e in world.environments[environment] if e.kind == "environment.submitted"]
    there = world.databases()
    known = world.inventory(environment, submitted[-1]).get("databases", {}) if submitted else {}
    for target, entry in known.items():
        if entry["name"] not in there:
            continue
        with world.database(entry["name"]) as session:
            if session.execute("SELECT to_regclass('golive.fence')").fetchone() == (None,):
                continue
            fences = session.execute("SELECT token FROM golive.fence").fetchall()
            marked = session.execute("SELECT id, token FROM golive.operation").fetchall()
        if len(fences) != 1:
            yield f"{entry['name']} has {len(fences)} fences"
        yield from (f"{entry['name']}: marker {name} was never intended" for name, _ in marked if name not in intents)
        if fences and fences[0][0] > leased.get(f"database:{target}", 0):
            yield f"{entry['name']}: the fence is {fences[0][0]}, but no such lease was ever taken"
        if fences and any(token > fences[0][0] for _, token in marked):
            yield f"{entry['name']}: a marker's token is above the fence {fences[0][0]}"


def _effects_on_hosts(world: World) -> Iterator[str]:
    """What the ledger says is in force ended well where it ran."""
    for release, events in world.releases.items():
        for name, effect in story.effects(events).items():
            homes = (world.home / "hosts" / effect.intent["environment"]).glob("*/home")
            for home in homes:
                file = home / ".golive" / "operations" / name / "status"
                status = file.read_text().strip() if file.exists() else "0"
                if effect.outcome == "in_force" and status != "0":
                    yield f"8 {release}: {effect.intent['key']} is in force, but ended {status} on {home.parent.name}"
