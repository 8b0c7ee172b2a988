"""A release as its manager writes it: one YAML file, read into one frozen value."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from golive.canonical import Digest, digest
from golive.release.base import Localized, Model
from golive.release.components import Check, Component
from golive.release.errors import FilesMismatch
from golive.release.files import migration_findings, template_findings
from golive.release.parsing import Rule, parse, restore
from golive.release.people import EFFECT_STAGES, MIGRATION, PLAN, ApprovalLine, ApprovalStep, Change, Person, Side
from golive.release.preparation import (
    Communication,
    Cutover,
    Hypercare,
    Migration,
    Readiness,
    RollbackPlan,
    Training,
    Window,
)
from golive.release.references import MANIFEST_REFERENCES
from golive.release.rules import MANIFEST_RULES
from golive.release.shapes import Identifier, Name, SomeNames, Version
from golive.release.yaml import read_file


class Manifest(Model):
    """``path`` is ordered: each environment is entered after the one before it; the last is production."""

    format: Literal[1] = Field(alias="schema")
    release: Identifier
    version: Version
    title: Localized
    locale: Literal["ko", "en"]
    drafter: Identifier
    path: Annotated[SomeNames, Field(min_length=2)]
    parties: Mapping[Name, Localized]
    people: Mapping[Identifier, Person]
    changes: tuple[Change, ...]
    components: Annotated[Mapping[Name, Component], Field(min_length=1)]
    checks: tuple[Check, ...] = ()
    migration: Migration = Migration()
    training: tuple[Training, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    approvals: Annotated[tuple[ApprovalLine, ...], Field(min_length=1)]
    windows: tuple[Window, ...] = ()
    cutover: Cutover
    rollback: RollbackPlan
    hypercare: Hypercare
    communication: Communication

    def digest(self, files: Mapping[str, Digest]) -> Digest:
        """What an approval binds to: the manifest and every file that it refers to.

        ``files`` maps each of ``files_of(self)``, as POSIX text, to its digest. Raises ``FilesMismatch`` when a
        file is missing or unknown, or an artifact is not the one that the manifest names.
        """
        named = {path.as_posix() for path in files_of(self)}
        changed = sorted(
            artifact.file
            for artifact in (component.artifact for component in self.components.values())
            if files.get(artifact.file, artifact.digest) != artifact.digest
        )
        missing, unknown = sorted(named - files.keys()), sorted(files.keys() - named)
        if missing or unknown or changed:
            raise FilesMismatch(missing=", ".join(missing), unknown=", ".join(unknown), changed=", ".join(changed))
        return digest({"manifest": self.as_data(), "files": dict(files)})

    @property
    def production(self) -> str:
        """The last environment of the path."""
        return self.path[-1]

    def before(self, environment: str) -> str | None:
        """The environment that must have been passed before this one; None for the first."""
        position = self.path.index(environment)
        return self.path[position - 1] if position else None

    def signers(self, change: Change, side: Side) -> tuple[str, ...]:
        """Ids of the people whose signature approves a change request for a side, sorted.

        Whoever drafted the release, requested the change or owns it is none of them.
        """
        name = change.signer(side)
        named = (name,) if name in self.people else self.people_with(name)
        return tuple(person for person in named if person not in (self.drafter, change.requester, change.owner))

    def people_with(self, role: str) -> tuple[str, ...]:
        """Ids of the people who hold a role, sorted."""
        return tuple(sorted(person for person, entry in self.people.items() if role in entry.roles))

    def eligible(self, step: ApprovalStep) -> tuple[str, ...]:
        """Ids of the people who may answer a step of a line: they hold its role and did not draft the release."""
        return tuple(person for person in self.people_with(step.role) if person != self.drafter)

    def needs_line(self, environment: str, stage: str) -> bool:
        """Whether somebody must sign a stage of an environment: before effects, and for change requests at the last."""
        if stage == PLAN:
            return environment == self.production and bool(self.changes)
        if stage == MIGRATION:
            return bool(self.migration.databases)
        return stage in EFFECT_STAGES

    def line_for(self, environment: str, stage: str) -> ApprovalLine | None:
        """The first approval line for a stage of an environment; None where no line names them."""
        matching = (line for line in self.approvals if stage in line.stages and environment in line.environments)
        return next(matching, None)

    def checks_of(self, stage: str) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.stage == stage)


def files_of(manifest: Manifest) -> tuple[Path, ...]:
    """Every file that a manifest refers to, relative to its folder: sorted, each once."""
    files = {component.artifact.file for component in manifest.components.values()}
    files |= {template.source for component in manifest.components.values() for template in component.templates}
    files |= manifest.migration.files
    return tuple(Path(name) for name in sorted(files))


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file, its templates read and compared with what is declared.

    Raises ``ManifestInvalid`` with every problem. Artifacts may not be built yet: ``digests_of`` looks at them.
    """
    templates = Rule[Manifest](("components",), partial(template_findings, folder=path.parent))
    migration = Rule[Manifest](("migration",), partial(migration_findings, folder=path.parent))
    rules = (*MANIFEST_RULES, templates, migration)
    return parse(Manifest, read_file(path), str(path), MANIFEST_REFERENCES, rules)


def parse_manifest(text: str | bytes, source: str) -> Manifest:
    """The manifest in a YAML text; ``source`` names it in problems. Raises ``ManifestInvalid``. Reads no file."""
    return parse(Manifest, text, source, MANIFEST_REFERENCES, MANIFEST_RULES)


def manifest_from_data(data: Mapping[str, Any]) -> Manifest:
    """The inverse of ``Manifest.as_data``. Raises ``ManifestInvalid``."""
    return restore(Manifest, data, "manifest")
