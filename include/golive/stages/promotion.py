"""Promotion: an environment takes only what passed in the one before it, with every change request approved."""

from collections.abc import Mapping, Sequence

from golive.ledger.events import Event
from golive.release.manifest import Manifest
from golive.texts import text

PROMOTED = frozenset({"install", "cutover"})
"""The stages whose effects need it: an environment may be prepared before."""


def artifacts_of(manifest: Manifest) -> dict[str, str]:
    """The artifact digest of each component: what must be the same along the path."""
    return {name: component.artifact.digest for name, component in manifest.components.items()}


def _passed(events: Sequence[Event], environment: str) -> Mapping[str, str] | None:
    """The artifacts that stand live in an environment; none before the first time and after their rollback."""
    artifacts = None
    for event in events:
        if event.data.get("environment") == environment:
            if event.kind == "release.live":
                artifacts = event.data["artifacts"]
            elif event.kind == "release.rolled_back":
                artifacts = None
    return artifacts


def promotion_problems(events: Sequence[Event], manifest: Manifest, environment: str, locale: str) -> tuple[str, ...]:
    """Why ``manifest`` may not be installed in ``environment`` yet, by its release's events; empty when it may."""
    place = manifest.path.index(environment)
    problems = []
    if place > 0:
        before = manifest.path[place - 1]
        if _passed(events, before) != artifacts_of(manifest):
            problems.append(text("stages.promotion_not_live_before", locale, environment=before))
    unapproved = manifest.unapproved_changes
    if unapproved and place == len(manifest.path) - 1:
        problems.append(text("stages.promotion_unapproved", locale, changes=", ".join(unapproved)))
    return tuple(problems)
