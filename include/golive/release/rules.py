"""What must hold between the sections of a manifest or of an environment."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from golive.release.errors import Finding, Path
from golive.release.parsing import Rule
from golive.release.people import CHANGE_BUSINESS, CHANGE_TECHNICAL, EFFECT_STAGES

if TYPE_CHECKING:
    from golive.release.environment import Environment
    from golive.release.manifest import Manifest


def _lines_cover_effects(manifest: "Manifest") -> Iterator[Finding]:
    for environment in manifest.path:
        for stage in EFFECT_STAGES:
            if manifest.line_for(environment, stage) is None:
                yield Finding(("approvals",), "no_approval_line", {"stage": stage, "environment": environment})


def _quorums_can_be_met(manifest: "Manifest") -> Iterator[Finding]:
    for index, line in enumerate(manifest.approvals):
        for position, step in enumerate(line.steps):
            able = manifest.eligible(step)
            if manifest.people_with(step.role) and len(able) < step.quorum:
                path: Path = ("approvals", index, "steps", position, "quorum")
                yield Finding(path, "quorum_too_high", {"role": step.role, "quorum": step.quorum, "able": len(able)})


def _changes_are_approved_by_others(manifest: "Manifest") -> Iterator[Finding]:
    for index, change in enumerate(manifest.changes):
        for side, role in (("technical", CHANGE_TECHNICAL), ("business", CHANGE_BUSINESS)):
            person = getattr(change.approval, side)
            path: Path = ("changes", index, "approval", side)
            if person in (change.requester, change.owner):
                yield Finding(path, "approves_own_change", {"person": person, "change": change.id})
            elif person in manifest.people and role not in manifest.people[person].roles:
                yield Finding(path, "approver_without_role", {"person": person, "role": role})


def _names_are_used_once(manifest: "Manifest") -> Iterator[Finding]:
    yield from _twice("changes", "id", (change.id for change in manifest.changes))
    yield from _twice("checks", "name", (check.name for check in manifest.checks))
    yield from _twice("training", "name", (item.name for item in manifest.training))
    yield from _twice("readiness", "name", (item.name for item in manifest.readiness))


def _targets_are_used_once(manifest: "Manifest") -> Iterator[Finding]:
    for name, component in manifest.components.items():
        for found in _twice("templates", "target", (item.target for item in component.templates)):
            yield Finding(("components", name, *found.path), found.key, found.data)
        for variable in sorted(set(component.variables) & component.secrets.keys()):
            yield Finding(("components", name, "secrets", variable), "secret_is_variable", {"name": variable})


def _migration_can_be_done(manifest: "Manifest") -> Iterator[Finding]:
    if manifest.migration.required:
        yield Finding(("migration", "required"), "no_migration_stage")


def _hosts_are_distinct(environment: "Environment") -> Iterator[Finding]:
    seen: dict[tuple[str, int], str] = {}
    for name, host in environment.hosts.items():
        first = seen.setdefault((host.address, host.port), name)
        if first != name:
            yield Finding(("hosts", name, "address"), "host_twice", {"first": first})


def _twice(section: str, field: str, names: Iterable[str]) -> Iterator[Finding]:
    seen = Counter[str]()
    for index, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield Finding((section, index, field), "named_twice", {"name": name})


MANIFEST_RULES: tuple[Rule["Manifest"], ...] = (
    Rule(("path", "approvals"), _lines_cover_effects),
    Rule(("drafter", "people", "approvals"), _quorums_can_be_met),
    Rule(("people", "changes"), _changes_are_approved_by_others),
    Rule(("changes", "checks", "training", "readiness"), _names_are_used_once),
    Rule(("components",), _targets_are_used_once),
    Rule(("migration",), _migration_can_be_done),
)

ENVIRONMENT_RULES: tuple[Rule["Environment"], ...] = (Rule(("hosts",), _hosts_are_distinct),)
