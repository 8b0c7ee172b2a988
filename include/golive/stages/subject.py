"""What a run is about, restored from the ledger: manifest, environment, plan and files by digest."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from golive.canonical import Digest, canonical
from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.release.environment import Environment, environment_from_data
from golive.release.manifest import Manifest, manifest_from_data
from golive.release.names import nearest
from golive.release.plan import Plan, plan_from_data
from golive.stages.catalogue import REPEATABLE
from golive.stages.definition import Scope, Served, port_on
from golive.stages.errors import UnknownEnvironment, UnknownRelease
from golive.stages.layout import Placement
from golive.stages.live import served_before, serving, serving_of
from golive.stages.planning import make_plan
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import last


@dataclass(frozen=True)
class Subject:
    """A submitted release and one of its environments."""

    manifest: Manifest
    manifest_digest: Digest
    round: int
    submitter: str
    files: Mapping[str, Digest]
    placements: Mapping[str, Placement]
    environment: Environment
    environment_digest: Digest


def load_subject(ledger: Ledger, release: str, environment: str) -> Subject:
    """The newest submission. Raises ``UnknownRelease`` or ``UnknownEnvironment``, naming what could be meant."""
    submitted = last(ledger.read(release_stream(release)), "release.submitted")
    if submitted is None:
        known = [name.removeprefix("release/") for name in ledger.streams("release/")]
        raise UnknownRelease(release=release, meant=nearest(release, known))
    path = submitted.data["path"]
    if environment not in path:
        raise UnknownEnvironment(environment=environment, meant=nearest(environment, path), known=", ".join(path))
    place = last(ledger.read(environment_stream(environment)), "environment.submitted")
    if place is None:
        known = [name.removeprefix("environment/") for name in ledger.streams("environment/")]
        raise UnknownEnvironment(environment=environment, meant=(), known=", ".join(known) or "-")
    return _subject(ledger, submitted, place)


def newest_environment(ledger: Ledger, environment: str) -> Environment | None:
    """The environment's file as it was submitted last, None when it never was."""
    place = last(ledger.read(environment_stream(environment)), "environment.submitted")
    return environment_from_data(json.loads(ledger.fetch(place.data["content"]))) if place else None


def load_told(ledger: Ledger, release: str, environment: str) -> Subject:
    """The newest submission that knows the environment: what is told of it goes on when a later one leaves it out."""
    submitted = [event for event in ledger.read(release_stream(release)) if event.kind == "release.submitted"]
    knowing = [event for event in submitted if environment in event.data["path"]]
    place = last(ledger.read(environment_stream(environment)), "environment.submitted")
    if not knowing or place is None:
        return load_subject(ledger, release, environment)
    return _subject(ledger, knowing[-1], place)


def load_carried_out(ledger: Ledger, run: Run) -> Subject:
    """What a rollback on demand is about: what its run was opened for, else what serves, else what was carried out
    last, whatever was submitted since. Raises as ``load_told``."""
    events = ledger.read(release_stream(run.release))
    mine = last(events, "stage.opened", environment=run.environment, stage=run.stage, run_id=run.run_id)
    live = serving(ledger, run.environment)
    done = last(events, "effect.intended", environment=run.environment)
    if mine is not None:
        found = mine
    elif live is not None and live.data["release"] == run.release:
        found = live
    elif done is not None:
        found = done
    else:
        return load_told(ledger, run.release, run.environment)
    return load_submission(ledger, run.release, run.environment, found.data["manifest"], found.data["inventory"])


def subject_of_run(ledger: Ledger, run: Run) -> Subject:
    """What a run is about: the newest submission, but for a rollback on demand. Raises as ``load_subject``."""
    if run.stage in REPEATABLE:
        return load_carried_out(ledger, run)
    return load_subject(ledger, run.release, run.environment)


def submitted_manifest(ledger: Ledger, release: str, manifest: Digest) -> Manifest:
    """The manifest that was submitted under exactly this digest. Raises ``UnknownRelease``."""
    submitted = last(ledger.read(release_stream(release)), "release.submitted", manifest=manifest)
    if submitted is None:
        raise UnknownRelease(release=f"{release} {manifest[7:19]}", meant=())
    return manifest_from_data(json.loads(ledger.fetch(submitted.data["content"])))


def load_submission(ledger: Ledger, release: str, environment: str, manifest: Digest, inventory: Digest) -> Subject:
    """The submission with exactly these digests: what an effect was made from is what it is undone with."""
    submitted = last(ledger.read(release_stream(release)), "release.submitted", manifest=manifest)
    place = last(ledger.read(environment_stream(environment)), "environment.submitted", environment=inventory)
    if submitted is None or place is None:
        raise UnknownRelease(release=f"{release} {manifest[7:19]} {inventory[7:19]}", meant=())
    return _subject(ledger, submitted, place)


def _subject(ledger: Ledger, submitted: Event, place: Event) -> Subject:
    return Subject(
        manifest=manifest_from_data(json.loads(ledger.fetch(submitted.data["content"]))),
        manifest_digest=submitted.data["manifest"],
        round=submitted.data["round"],
        submitter=submitted.actor,
        files=submitted.data["files"],
        placements={name: Placement(**data) for name, data in submitted.data["placements"].items()},
        environment=environment_from_data(json.loads(ledger.fetch(place.data["content"]))),
        environment_digest=place.data["environment"],
    )


def scope_of(runtime: Runtime, subject: Subject) -> Scope:
    """What the builders see: the subject, its small files' contents, the connections, and what served before."""
    wanted = {*subject.files.values(), *(placement.tree for placement in subject.placements.values())}
    texts = {digest: runtime.ledger.fetch(digest).decode() for digest in wanted}
    before = _before(runtime.ledger, subject)
    own = (subject.manifest, subject.environment, subject.placements, subject.files, texts)
    return Scope(*own, runtime.connections, before)


def _before(ledger: Ledger, subject: Subject) -> dict[tuple[str, str], Served]:
    """What the release's rollback must bring back, by (host, component); empty where nothing served before it."""
    environment = subject.environment.environment
    event = served_before(ledger.read(environment_stream(environment)), subject.manifest.release)
    if event is None:
        return {}
    old = load_submission(ledger, event.data["release"], environment, event.data["manifest"], event.data["inventory"])
    return {
        (host, name): Served(
            event.data["components"][name]["directory"],
            port_on(old.manifest, old.environment, host, name),
            component.service.health,
        )
        for name, component in old.manifest.components.items()
        for host in old.environment.hosts_with_role(component.role)
    }


def current_versions(events: Sequence[Event]) -> dict[str, str]:
    """The version of each component that serves, by the environment's events."""
    live = serving_of(events)
    return {name: item["version"] for name, item in live.data["components"].items()} if live else {}


def plan_of(ledger: Ledger, subject: Subject) -> Plan:
    """The plan of this submission for this environment, made at its first use and kept until either changes.

    Kept, since what serves changes while the plan is carried out, and a signature is bound to the plan's digest.
    """
    stream = release_stream(subject.manifest.release)
    known = _planned(ledger.read(stream), subject)
    if known is not None:
        return plan_from_data(json.loads(ledger.fetch(known)))
    plan = make_plan(
        subject.manifest,
        subject.environment,
        subject.manifest_digest,
        subject.environment_digest,
        current_versions(ledger.read(environment_stream(subject.environment.environment))),
        files=subject.files,
    )
    content = ledger.store(canonical(plan.as_data()), "application/json")
    data = {
        "environment": subject.environment.environment,
        "manifest": subject.manifest_digest,
        "environment_digest": subject.environment_digest,
        "plan": plan.digest,
        "content": content,
    }
    ledger.append(stream, lambda events, now: [] if _planned(events, subject) else [NewEvent("release.planned", data)])
    return plan_of(ledger, subject)


def _planned(events: Sequence[Event], subject: Subject) -> Digest | None:
    found: Digest | None = None
    for event in events:
        if event.data.get("environment") != subject.environment.environment:
            continue
        if event.kind == "release.planned" and _same(event, subject):
            found = event.data["content"]
        elif event.kind in {"release.rolled_back", "release.planned"}:
            found = None
    return found


def _same(event: Event, subject: Subject) -> bool:
    return bool(
        event.data["manifest"] == subject.manifest_digest
        and event.data["environment_digest"] == subject.environment_digest
    )
