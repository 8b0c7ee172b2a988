"""7. Every effect was approved before: by eligible people, none of them its requester, for exactly what was done.

So was every stage before it was closed, and every change request before the last environment's plan was.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.checker.record import Event, World

EFFECTS = ("environment", "install", "migration", "cutover")
"""Stages that nobody may run without a line."""
PLAN = "plan"
MIGRATION = "migration"
OUTSIDE = ("release", "rollback")
"""What is closed like a stage and signed by nobody."""
ROLES = {"technical": "change_technical", "business": "change_business"}
"""Who must sign a change request where the manifest does not say."""


def check_votes(world: World) -> Iterator[str]:
    for release, events in world.releases.items():
        for event in events:
            if event.kind == "effect.intended":
                found = _approved(world, release, events, event, event.data["manifest"])
                yield from (f"7 {release}: {event.data['key']}: {why}" for why in found)
            elif event.kind == "stage.closed" and event.data["stage"] not in OUTSIDE:
                where = f"{event.data['stage']} in {event.data['environment']} was closed"
                yield from (f"7 {release}: {where}: {why}" for why in _approved(world, release, events, event))


def _approved(
    world: World, release: str, events: Sequence[Event], event: Event, made_from: str | None = None
) -> Iterator[str]:
    """What is wrong with the votes before an effect (``made_from``: its manifest), or before a stage was closed."""
    where = {name: event.data[name] for name in ("environment", "stage", "attempt")}
    opened = _before(events, event, "stage.opened", where)
    if not opened:
        yield "its stage was not open"
        return
    stage = opened[-1].data
    if made_from not in (None, stage["manifest"]):
        yield "it was made from another manifest than its stage was opened for"
    manifest = world.manifest(release, stage["manifest"])
    line = _line(manifest, where["environment"], where["stage"])
    if line is None:
        if _needs_line(manifest, where["environment"], where["stage"]):
            yield "no approval line covers it"
        return
    gate = {**where, "manifest": stage["manifest"], "plan": stage["plan"]}
    excluded = {manifest["drafter"], *stage["requesters"], stage["requester"]}
    yield from _line_signed(events, event, gate, manifest, line, excluded, lapses=made_from is not None)
    if any(e.data["answer"] != "approve" for e in _before(events, event, "gate.signed", gate)):
        yield "somebody had returned or stopped it"
    if where["stage"] == PLAN and where["environment"] == manifest["path"][-1]:
        yield from _changes_signed(events, event, gate, manifest, line, excluded)


def _line_signed(
    events: Sequence[Event],
    event: Event,
    gate: dict[str, Any],
    manifest: dict[str, Any],
    line: list[dict[str, Any]],
    excluded: set[str],
    lapses: bool,
) -> Iterator[str]:
    newest: datetime | None = None
    for step in line:
        signed = _signed(events, event, {**gate, "kind": step["kind"]}, _people(manifest, step["role"]) - excluded)
        if len(signed) < step["quorum"]:
            yield f"{step['kind']} has {len(signed)} of {step['quorum']} signatures that count"
        newest = max([newest, *signed.values()] if newest else signed.values(), default=newest)
    valid = timedelta(hours=min(step.get("valid_hours", 24) for step in line))
    if lapses and newest is not None and event.at - newest > valid:
        yield "its approval had lapsed"


def _changes_signed(
    events: Sequence[Event],
    event: Event,
    gate: dict[str, Any],
    manifest: dict[str, Any],
    line: list[dict[str, Any]],
    excluded: set[str],
) -> Iterator[str]:
    """Two different people, one for each side, of those whom the manifest names and who have no part in the change."""
    signed = {
        person
        for step in line
        for person in _signed(events, event, {**gate, "kind": step["kind"]}, _people(manifest, step["role"]) - excluded)
    }
    for change in manifest["changes"]:
        parts = {manifest["drafter"], change["requester"], change["owner"]}
        sides = []
        for side, role in ROLES.items():
            name = change.get("approval", {}).get(side, role)
            named = {name} if name in manifest["people"] else _people(manifest, name)
            sides.append((named - parts) & signed)
        if not any(first != second for first in sides[0] for second in sides[1]):
            yield f"{change['id']} lacks the technical or the business signature"


def _signed(events: Sequence[Event], intent: Event, gate: dict[str, Any], people: set[str]) -> dict[str, datetime]:
    asked = _before(events, intent, "gate.asked", gate)
    if not asked:
        return {}
    until = datetime.fromisoformat(asked[0].data["expires"])
    return {
        event.data["person"]: event.at
        for event in _before(events, intent, "gate.signed", gate)
        if event.data["answer"] == "approve"
        and event.data["person"] in people
        and event.actor == event.data["person"]
        and event.sequence > asked[0].sequence
        and event.at < until
    }


def _before(events: Sequence[Event], intent: Event, kind: str, data: dict[str, Any]) -> list[Event]:
    return [
        event
        for event in events
        if event.sequence < intent.sequence and event.kind == kind and data.items() <= event.data.items()
    ]


def _needs_line(manifest: dict[str, Any], environment: str, stage: str) -> bool:
    if stage == PLAN:
        return environment == manifest["path"][-1] and bool(manifest["changes"])
    if stage == MIGRATION:
        return bool(manifest.get("migration"))
    return stage in EFFECTS


def _line(manifest: dict[str, Any], environment: str, stage: str) -> list[dict[str, Any]] | None:
    for line in manifest["approvals"]:
        if stage in line["stages"] and environment in line["environments"]:
            return list(line["steps"])
    return None


def _people(manifest: dict[str, Any], role: str) -> set[str]:
    return {person for person, entry in manifest["people"].items() if role in entry["roles"]}
