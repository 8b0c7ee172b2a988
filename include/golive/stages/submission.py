"""Submitting: a manifest, its small files and its artifacts go into the ledger by digest; tasks read nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from golive.canonical import Digest, canonical, digest_bytes
from golive.hosts.archive import repack
from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream, release_stream
from golive.release.environment import Environment, load_environment
from golive.release.manifest import Manifest, files_of, load_manifest
from golive.stages.layout import Placement
from golive.stages.standing import last
from golive.stages.tree import tree_of

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Submitted:
    """What was submitted. ``round`` counts submissions from 1; ``new`` is False when nothing had changed."""

    name: str
    digest: Digest
    round: int
    new: bool


def submit_release(ledger: Ledger, path: Path, person: str) -> Submitted:
    """Stores a manifest with all it refers to and appends ``release.submitted`` as ``person``.

    Raises ``ManifestInvalid``, ``ArchiveRefused``, ``FilesMismatch``. The same content again is no new round.
    """
    manifest = load_manifest(path)
    folder = path.resolve().parent
    files = {file.as_posix(): digest_bytes(_read(folder / file)) for file in files_of(manifest)}
    identity = manifest.digest(files)
    placements = {name: _place(ledger, manifest, folder, name) for name in manifest.components}
    small = {file: digest for file, digest in files.items() if not _is_artifact(manifest, file)}
    for file in small:
        ledger.store((folder / file).read_bytes(), "text/plain; charset=utf-8")
    content = ledger.store(canonical(manifest.as_data()), "application/json")
    data = {
        "manifest": identity,
        "content": content,
        "files": small,
        "placements": {name: asdict(placement) for name, placement in placements.items()},
        "path": list(manifest.path),
        "drafter": manifest.drafter,
    }
    return _append_round(ledger, manifest.release, data, person)


def _append_round(ledger: Ledger, release: str, data: Mapping[str, Any], person: str) -> Submitted:
    def decide(events: Sequence[Event], now: datetime) -> list[NewEvent]:
        before = last(events, "release.submitted")
        if before is not None and before.data["manifest"] == data["manifest"]:
            return []
        number = before.data["round"] + 1 if before is not None else 1
        return [NewEvent("release.submitted", {**data, "round": number}, person)]

    written = ledger.append(release_stream(release), decide)
    newest = last(ledger.read(release_stream(release)), "release.submitted")
    return Submitted(release, data["manifest"], newest.data["round"] if newest else 1, bool(written))


def submit_environment(ledger: Ledger, path: Path, person: str) -> Submitted:
    """Stores an environment file and appends ``environment.submitted``. Raises ``ManifestInvalid``."""
    environment: Environment = load_environment(path)
    content = ledger.store(canonical(environment.as_data()), "application/json")
    data = {"environment": environment.digest, "content": content}

    def decide(events: Sequence[Event], now: datetime) -> list[NewEvent]:
        before = last(events, "environment.submitted")
        return [] if before is not None and before.data == data else [NewEvent("environment.submitted", data, person)]

    stream = environment_stream(environment.environment)
    written = ledger.append(stream, decide)
    number = sum(event.kind == "environment.submitted" for event in ledger.read(stream))
    return Submitted(environment.environment, environment.digest, number, bool(written))


def _read(path: Path) -> Iterator[bytes]:
    """A file in chunks, so that an artifact of any size is read in flat memory."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _is_artifact(manifest: Manifest, file: str) -> bool:
    return any(component.artifact.file == file for component in manifest.components.values())


def _place(ledger: Ledger, manifest: Manifest, folder: Path, name: str) -> Placement:
    """Checks an archive, stores it as our own plain bundle, and the list of its files' digests."""
    component = manifest.components[name]
    bundle, _ = repack(folder / component.artifact.file)
    stored = ledger.store(bundle, "application/gzip")
    targets = {template.target for template in component.templates}
    tree = tree_of(ledger.chunks(stored), targets)
    return Placement(
        release=manifest.release,
        component=name,
        version=component.version,
        artifact=component.artifact.digest,
        bundle=stored,
        bundle_size=ledger.size(stored),
        tree=ledger.store(tree.encode(), "text/plain; charset=utf-8"),
    )
