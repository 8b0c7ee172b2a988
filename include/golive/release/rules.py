"""What must hold between the sections of a manifest or of an environment."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from golive.release.errors import Finding, Path
from golive.release.names import best
from golive.release.parsing import Rule
from golive.release.people import EFFECT_STAGES, MIGRATION, PLAN, SIDES, Change, Side
from golive.release.references import listed

if TYPE_CHECKING:
    from golive.release.environment import Environment
    from golive.release.manifest import Manifest


def _lines_cover_stages(manifest: "Manifest") -> Iterator[Finding]:
    for environment in manifest.path:
        for stage in (PLAN, *EFFECT_STAGES, MIGRATION):
            if manifest.needs_line(environment, stage) and manifest.line_for(environment, stage) is None:
                yield Finding(("approvals",), "no_approval_line", {"stage": stage, "environment": environment})


def _quorums_can_be_met(manifest: "Manifest") -> Iterator[Finding]:
    for index, line in enumerate(manifest.approvals):
        for position, step in enumerate(line.steps):
            able = manifest.eligible(step)
            if manifest.people_with(step.role) and len(able) < step.quorum:
                path: Path = ("approvals", index, "steps", position, "quorum")
                yield Finding(path, "quorum_too_high", {"role": step.role, "quorum": step.quorum, "able": len(able)})


def _changes_are_signed_by_others(manifest: "Manifest") -> Iterator[Finding]:
    for index, change in enumerate(manifest.changes):
        sides = {side: manifest.signers(change, side) for side in SIDES}
        for side in SIDES:
            if not sides[side]:
                yield _without_signer(manifest, change, side, ("changes", index, "approval", side))
        everybody = {person for people in sides.values() for person in people}
        if all(sides.values()) and len(everybody) < len(SIDES):
            path: Path = ("changes", index, "approval")
            yield Finding(path, "one_signer_for_both", {"person": everybody.pop(), "change": change.id})


def _without_signer(manifest: "Manifest", change: "Change", side: "Side", path: Path) -> Finding:
    """Nobody can sign: the name is unknown, or whoever it names has a part in the change."""
    name = change.signer(side)
    roles = {role for person in manifest.people.values() for role in person.roles}
    if name in manifest.people or name in roles:
        return Finding(path, "signs_own_change", {"name": name, "change": change.id})
    known = {*manifest.people, *roles}
    return Finding(path, "unknown_signer", {"name": name, "known": listed(known)}, best(name, known))


def _plan_gathers_signatures(manifest: "Manifest") -> Iterator[Finding]:
    """Whoever grants the plan's line in the last environment, a signer of each change is always among them.

    Else people would sign, and the change requests would still not be approved.
    """
    line = manifest.line_for(manifest.production, PLAN)
    for index, change in enumerate(manifest.changes if line else ()):
        for side in SIDES:
            signers = set(manifest.signers(change, side))
            others = [
                (len(set(manifest.eligible(step)) - signers), step.quorum) for step in (line.steps if line else ())
            ]
            if signers and not any(without < quorum for without, quorum in others):
                facts = {"change": change.id, "people": listed(signers), "environment": manifest.production}
                yield Finding(("changes", index, "approval", side), "line_without_signer", facts)


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


def _rows_move_between_two(manifest: "Manifest") -> Iterator[Finding]:
    data = manifest.migration.data
    if data is not None and data.source == data.target:
        yield Finding(("migration", "data", "target"), "moves_into_itself", {"database": data.target})


def _hosts_are_distinct(environment: "Environment") -> Iterator[Finding]:
    seen: dict[tuple[str, int], str] = {}
    for name, host in environment.hosts.items():
        first = seen.setdefault((host.address, host.port), name)
        if first != name:
            yield Finding(("hosts", name, "address"), "host_twice", {"first": first})


DATABASE_TOOLS = ("pg_dump", "pg_restore", "psql")
"""The programs with which a database is backed up and the backup is proved."""


def _databases_have_tools(environment: "Environment") -> Iterator[Finding]:
    for tool in DATABASE_TOOLS if environment.databases else ():
        if tool not in environment.tools:
            yield Finding(("tools",), "tool_missing", {"tool": tool})


def _twice(section: str, field: str, names: Iterable[str]) -> Iterator[Finding]:
    seen = Counter[str]()
    for index, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield Finding((section, index, field), "named_twice", {"name": name})


MANIFEST_RULES: tuple[Rule["Manifest"], ...] = (
    Rule(("path", "changes", "approvals"), _lines_cover_stages),
    Rule(("drafter", "people", "approvals"), _quorums_can_be_met),
    Rule(("drafter", "people", "changes"), _changes_are_signed_by_others),
    Rule(("path", "drafter", "people", "changes", "approvals"), _plan_gathers_signatures),
    Rule(("changes", "checks", "training", "readiness"), _names_are_used_once),
    Rule(("components",), _targets_are_used_once),
    Rule(("migration",), _rows_move_between_two),
)

ENVIRONMENT_RULES: tuple[Rule["Environment"], ...] = (
    Rule(("hosts",), _hosts_are_distinct),
    Rule(("databases", "tools"), _databases_have_tools),
)
