"""Files that describe a release or an environment, read with everything that is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from golive.canonical import Digest
from golive.cli.errors import FileKindUnknown
from golive.release.base import Model
from golive.release.document import Document
from golive.release.environment import Environment, load_environment
from golive.release.errors import ManifestInvalid, Problem
from golive.release.files import digests_of
from golive.release.fit import check_fit
from golive.release.manifest import Manifest, load_manifest
from golive.release.yaml import read, read_file


@dataclass(frozen=True)
class Checked:
    """A file as it was found. ``value`` is None when it is not valid.

    ``missing``: artifacts that are not there yet; without them a release has no ``digest``.
    """

    file: Path
    kind: str
    value: Manifest | Environment | None = None
    digest: Digest | None = None
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def manifest(self) -> Manifest | None:
        return self.value if isinstance(self.value, Manifest) else None

    @property
    def environment(self) -> Environment | None:
        return self.value if isinstance(self.value, Environment) else None


def document_of(file: Path) -> Document:
    """Raises ``ManifestInvalid`` when the file cannot be read at all."""
    return read(read_file(file), str(file))


def kind_of(file: Path) -> str:
    """``release`` or ``environment``: by the key that names it, else by which keys most look like.

    Raises ``ManifestInvalid`` for an unreadable file, ``FileKindUnknown``.
    """
    value = document_of(file).value
    keys = set(value) if isinstance(value, dict) else set()
    if ("release" in keys) != ("environment" in keys):
        return "release" if "release" in keys else "environment"
    models: dict[str, type[Model]] = {"release": Manifest, "environment": Environment}
    shared = {kind: len(keys & set(model.model_fields)) for kind, model in models.items()}
    if shared["release"] == shared["environment"]:
        raise FileKindUnknown(file=file)
    return max(shared, key=shared.__getitem__)


def check(file: Path) -> Checked:
    """A file and its problems. Raises ``FileKindUnknown``; an unreadable file is a problem like others."""
    kind = "unreadable"
    try:
        kind = kind_of(file)
        return _environment(file) if kind == "environment" else _release(file)
    except ManifestInvalid as error:
        return Checked(file, kind, problems=error.problems)


def _environment(file: Path) -> Checked:
    environment = load_environment(file)
    return Checked(file, "environment", environment, environment.digest)


def _release(file: Path) -> Checked:
    manifest = load_manifest(file)
    artifacts = [component.artifact.file for component in manifest.components.values()]
    missing = tuple(sorted(name for name in artifacts if not (file.parent / name).exists()))
    try:
        digest = manifest.digest(digests_of(manifest, file.parent, str(file)))
    except ManifestInvalid as error:
        problems = tuple(item for item in error.problems if item.finding.data.get("file") not in missing)
        return Checked(file, "release", manifest, missing=missing, problems=problems)
    return Checked(file, "release", manifest, digest)


@dataclass(frozen=True)
class WholeRelease:
    """A manifest with its digest, and the digest of every file that it refers to."""

    manifest: Manifest
    digest: Digest
    files: Mapping[str, Digest]


def whole_release(file: Path) -> WholeRelease:
    """A release as it can be submitted: nothing that it refers to is missing. Raises ``ManifestInvalid``."""
    manifest = load_manifest(file)
    files = digests_of(manifest, file.parent, str(file))
    return WholeRelease(manifest, manifest.digest(files), files)


def fit_problems(manifest: Manifest, environment: Environment, file: Path | None) -> tuple[Problem, ...]:
    """What the environment lacks for the release, placed in the environment's file when there is one."""
    try:
        check_fit(manifest, environment)
    except ManifestInvalid as error:
        if file is None:
            return error.problems
        document = document_of(file)
        return tuple(document.locate(problem.finding) for problem in error.problems)
    return ()


def fits(found: Iterable[Checked]) -> Iterator[Problem]:
    """The problems of every valid release with every valid environment."""
    files = tuple(found)
    for release in files:
        for place in files:
            if release.manifest is not None and place.environment is not None:
                yield from fit_problems(release.manifest, place.environment, place.file)
