"""7. Every effect was approved before: by eligible people, none of them its requester, for exactly what was done."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.checker.record import Event, World

VALID = timedelta(hours=24)
"""How long a finished line may be used."""


def check_votes(world: World) -> Iterator[str]:
    for release, events in world.releases.items():
        for event in events:
            if event.kind == "effect.intended":
                yield from (
                    f"7 {release}: {event.data['key']}: {why}" for why in _approved(world, release, events, event)
                )


def _approved(world: World, release: str, events: Sequence[Event], intent: Event) -> Iterator[str]:
    where = {name: intent.data[name] for name in ("environment", "stage", "attempt")}
    opened = _before(events, intent, "stage.opened", where)
    if not opened:
        yield "its stage was not open"
        return
    stage = opened[-1].data
    if stage["manifest"] != intent.data["manifest"]:
        yield "it was made from another manifest than its stage was opened for"
    gate = {**where, "manifest": stage["manifest"], "plan": stage["plan"]}
    manifest = world.manifest(release, stage["manifest"])
    line = _line(manifest, where["environment"], where["stage"])
    if line is None:
        yield "no approval line covers it"
        return
    excluded = {manifest["drafter"], *stage["requesters"], stage["requester"]}
    newest: datetime | None = None
    for step in line:
        signed = _signed(events, intent, {**gate, "kind": step["kind"]}, _people(manifest, step["role"]) - excluded)
        if len(signed) < step["quorum"]:
            yield f"{step['kind']} has {len(signed)} of {step['quorum']} signatures that count"
        newest = max([newest, *signed.values()] if newest else signed.values(), default=newest)
    if newest is not None and intent.at - newest > VALID:
        yield "its approval had lapsed"
    if any(e.data["answer"] != "approve" for e in _before(events, intent, "gate.signed", gate)):
        yield "somebody had returned or stopped it"


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


def _line(manifest: dict[str, Any], environment: str, stage: str) -> list[dict[str, Any]] | None:
    for line in manifest["approvals"]:
        if stage in line["stages"] and environment in line["environments"]:
            return list(line["steps"])
    return None


def _people(manifest: dict[str, Any], role: str) -> set[str]:
    return {person for person, entry in manifest["people"].items() if role in entry["roles"]}
