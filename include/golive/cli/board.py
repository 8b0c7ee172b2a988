"""Where releases and environments stand, as values folded from the ledger."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from golive.approvals.line import line_for
from golive.approvals.standing import standing
from golive.approvals.values import Gate, State
from golive.canonical import Digest
from golive.ledger import Ledger
from golive.ledger.events import Event, environment_stream, release_stream
from golive.release.manifest import Manifest, manifest_from_data
from golive.stages.effects import State as EffectState
from golive.stages.effects import fold_effects
from golive.stages.live import serving_of
from golive.stages.standing import StageStanding, StageState, fold_stages, last

OPEN_EFFECTS = frozenset({EffectState.OPEN, EffectState.UNKNOWN, EffectState.UNDOING, EffectState.UNDO_FAILED})


@dataclass(frozen=True)
class StageLine:
    """The latest attempt of a stage. ``failed``: facts that have not passed, ``name: verdict``."""

    environment: str
    stage: str
    attempt: int
    state: str
    requester: str
    run_id: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class OpenGate:
    """A question that was put and is not settled: ``wanted`` more answers of ``people``. State: waiting, expired."""

    environment: str
    stage: str
    attempt: int
    state: str
    kind: str
    role: str
    wanted: int
    people: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True)
class OpenEffect:
    """An effect whose outcome is not known, or whose compensation did not succeed."""

    environment: str
    key: str
    state: str
    operation: str
    detail: str


@dataclass(frozen=True)
class Incident:
    """An incident that is not closed."""

    environment: str
    incident: str
    title: str
    priority: str
    since: datetime


@dataclass(frozen=True)
class ReleaseBoard:
    """A release by its newest submission. ``serving``: what serves now in each environment of its path."""

    release: str
    title: str
    version: str
    round: int
    digest: Digest
    drafter: str
    submitter: str
    submitted: datetime
    path: tuple[str, ...]
    serving: Mapping[str, str | None]
    stages: tuple[StageLine, ...]
    gates: tuple[OpenGate, ...]
    effects: tuple[OpenEffect, ...]
    incidents: tuple[Incident, ...]


@dataclass(frozen=True)
class EnvironmentBoard:
    """An environment, what serves in it, and the incidents that the nightly check opened."""

    environment: str
    serving: str | None
    since: datetime | None
    incidents: tuple[Incident, ...]


def environment_boards(ledger: Ledger) -> tuple[EnvironmentBoard, ...]:
    """Every environment that the ledger knows, by name."""
    names = (stream.removeprefix("environment/") for stream in ledger.streams("environment/"))
    return tuple(_environment(name, ledger.read(environment_stream(name))) for name in names)


def _environment(name: str, events: Sequence[Event]) -> EnvironmentBoard:
    live = serving_of(events)
    release = str(live.data["release"]) if live else None
    return EnvironmentBoard(name, release, live.at if live else None, open_incidents(events))


def release_boards(ledger: Ledger, locale: str) -> tuple[ReleaseBoard, ...]:
    """Every submitted release, by name."""
    names = (stream.removeprefix("release/") for stream in ledger.streams("release/"))
    return tuple(board for name in names if (board := release_board(ledger, name, locale)))


def release_board(ledger: Ledger, release: str, locale: str) -> ReleaseBoard | None:
    """A release, None when it was never submitted."""
    events = ledger.read(release_stream(release))
    submitted = last(events, "release.submitted")
    if submitted is None:
        return None
    manifest = _manifest(ledger, submitted)
    stages = fold_stages(events)
    return ReleaseBoard(
        release=release,
        title=manifest.title.of(locale),
        version=manifest.version,
        round=submitted.data["round"],
        digest=submitted.data["manifest"],
        drafter=manifest.drafter,
        submitter=submitted.actor,
        submitted=submitted.at,
        path=manifest.path,
        serving={name: _environment(name, ledger.read(environment_stream(name))).serving for name in manifest.path},
        stages=tuple(_stage(item) for item in stages.values()),
        gates=tuple(_gates(ledger, release, events, stages.values())),
        effects=tuple(effect for name in manifest.path for effect in _effects(events, name)),
        incidents=open_incidents(events),
    )


def _manifest(ledger: Ledger, submitted: Event) -> Manifest:
    return manifest_from_data(json.loads(ledger.fetch(submitted.data["content"])))


def _stage(item: StageStanding) -> StageLine:
    failed = tuple(f"{name}: {verdict}" for name, verdict in item.facts.items() if verdict != "pass")
    return StageLine(item.environment, item.stage, item.attempt, item.state.value, item.requester, item.run_id, failed)


def _gates(
    ledger: Ledger, release: str, events: Sequence[Event], stages: Iterable[StageStanding]
) -> Iterator[OpenGate]:
    """A stage's gate belongs to the submission that it was opened for, which may not be the newest."""
    for item in stages:
        submitted = last(events, "release.submitted", manifest=item.manifest)
        if item.state is StageState.OPEN and submitted is not None:
            yield from _gate(_manifest(ledger, submitted), release, events, item, ledger.now())


def _gate(
    manifest: Manifest, release: str, events: Sequence[Event], item: StageStanding, now: datetime
) -> Iterator[OpenGate]:
    line = line_for(manifest, item.stage, item.environment)
    if line is None:
        return
    gate = Gate(release, item.environment, item.stage, item.attempt, item.manifest, item.plan)
    found = standing(events, gate, line, None, now)
    # Without ``until`` nothing was asked yet: the stage is still at the checks before its gate.
    if found.state in {State.WAITING, State.EXPIRED} and found.missing and found.until is not None:
        wanted = found.missing[0]
        where = (item.environment, item.stage, item.attempt, found.state.value)
        yield OpenGate(*where, wanted.kind.value, wanted.role, wanted.wanted, wanted.people, found.until)


def _effects(events: Sequence[Event], environment: str) -> Iterator[OpenEffect]:
    for effect in fold_effects(events, environment).values():
        if effect.state in OPEN_EFFECTS:
            yield OpenEffect(environment, effect.key, effect.state.value, effect.operation, effect.detail)


def open_incidents(events: Iterable[Event]) -> tuple[Incident, ...]:
    """Incidents that were opened and not closed, in the order of their opening."""
    found: dict[str, Incident] = {}
    for event in events:
        if event.kind == "incident.opened":
            names = ("environment", "incident", "title", "priority")
            where, name, title, priority = (str(event.data.get(key, "-")) for key in names)
            incident = Incident(where, name, title, priority, event.at)
            found.setdefault(incident.incident, incident)
        elif event.kind == "incident.closed":
            found.pop(str(event.data.get("incident")), None)
    return tuple(found.values())
