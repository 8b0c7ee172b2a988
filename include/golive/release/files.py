"""The files beside a manifest: inside its folder, readable, and what the manifest says of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golive.canonical import Digest, digest_bytes
from golive.release.components import Component, Template
from golive.release.errors import Finding, ManifestInvalid, Problem, TemplateInvalid
from golive.release.templates import placeholders
from golive.release.yaml import read_file

if TYPE_CHECKING:
    from golive.release.manifest import Manifest

_CHUNK = 1024 * 1024


class Unusable(Exception):
    """A file that cannot be used; ``finding`` says why."""

    def __init__(self, key: str, **data: Any) -> None:
        self.finding = Finding((), key, data)
        super().__init__(key)


def resolve(folder: Path, name: str) -> Path:
    """The regular file ``name`` in ``folder``, links followed. Raises ``Unusable`` when it leads outside."""
    try:
        root, path = folder.resolve(strict=True), (folder / name).resolve(strict=True)
    except (OSError, RuntimeError) as cause:
        raise Unusable("file_unreadable", file=name, why=_why(cause)) from cause
    if not path.is_relative_to(root):
        raise Unusable("file_outside", file=name)
    if not path.is_file():
        raise Unusable("file_unreadable", file=name, why="not a regular file")
    return path


def template_findings(manifest: "Manifest", folder: Path) -> Iterator[Finding]:
    """What is wrong with the templates, compared with the variables and secrets that components declare."""
    for name, component in manifest.components.items():
        used: set[str] = set()
        complete = True
        for index, template in enumerate(component.templates):
            path = ("components", name, "templates", index, "source")
            try:
                lines = _placeholders(folder, template)
            except Unusable as unusable:
                complete = False
                yield Finding(path, unusable.finding.key, unusable.finding.data)
                continue
            used |= lines.keys()
            for found in _in_template(component, template, lines):
                yield Finding((*path[:-1], *found.path), found.key, found.data)
        if complete:
            yield from _unused(name, component, used)


def migration_findings(manifest: "Manifest", folder: Path) -> Iterator[Finding]:
    """Each script and the mapping: inside the folder, and readable."""
    for name in sorted(manifest.migration.files):
        try:
            resolve(folder, name)
        except Unusable as unusable:
            yield Finding(("migration",), unusable.finding.key, unusable.finding.data)


def digests_of(manifest: "Manifest", folder: Path, source: str) -> dict[str, Digest]:
    """The digest of every file that a manifest refers to, for ``Manifest.digest``; read in flat memory.

    Raises ``ManifestInvalid`` with every file that is missing, leads outside, or is not the artifact it should be.
    """
    named = {component.artifact.file: component.artifact.digest for component in manifest.components.values()}
    names = {template.source for component in manifest.components.values() for template in component.templates}
    names |= manifest.migration.files
    digests: dict[str, Digest] = {}
    problems: list[Problem] = []
    for name in sorted(names | named.keys()):
        try:
            digests[name] = _digest(folder, name, named.get(name))
        except Unusable as unusable:
            problems.append(Problem(source, 0, 0, unusable.finding))
    if problems:
        raise ManifestInvalid(problems=tuple(problems))
    return digests


def _digest(folder: Path, name: str, expected: Digest | None) -> Digest:
    try:
        with resolve(folder, name).open("rb") as file:
            found = digest_bytes(iter(lambda: file.read(_CHUNK), b""))
    except OSError as cause:
        raise Unusable("file_unreadable", file=name, why=_why(cause)) from cause
    if expected not in (None, found):
        raise Unusable("file_digest", file=name, found=found)
    return found


def _placeholders(folder: Path, template: Template) -> dict[str, int]:
    path = resolve(folder, template.source)
    try:
        return placeholders(read_file(path).decode("utf-8"))
    except TemplateInvalid as error:
        data = error.data["problem"].data
        raise Unusable("template_unclosed", file=template.source, line=data["line"]) from error
    except UnicodeDecodeError as error:
        raise Unusable("file_unreadable", file=template.source, why="not UTF-8") from error
    except ManifestInvalid as error:
        finding = error.problems[0].finding
        raise Unusable(finding.key, **finding.data) from error


def _in_template(component: Component, template: Template, lines: dict[str, int]) -> Iterator[Finding]:
    declared = {*component.variables, *component.secrets}
    for name, line in lines.items():
        if name not in declared:
            yield Finding(("source",), "template_unknown", {"file": template.source, "line": line, "name": name})
    if component.secrets.keys() & lines.keys() and int(template.mode, 8) & 0o007:
        yield Finding(("mode",), "template_secret_readable", {"mode": template.mode})


def _unused(name: str, component: Component, used: set[str]) -> Iterator[Finding]:
    for index, variable in enumerate(component.variables):
        if variable not in used:
            yield Finding(("components", name, "variables", index), "template_unused", {"name": variable})
    for secret in component.secrets:
        if secret not in used:
            yield Finding(("components", name, "secrets", secret), "template_unused", {"name": secret})


def _why(cause: Exception) -> str:
    return cause.strerror or str(cause) if isinstance(cause, OSError) else "its links lead in a circle"
