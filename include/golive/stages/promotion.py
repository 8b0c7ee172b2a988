"""Promotion: an environment takes only what passed in the one before it; the last, only signed change requests."""

from collections.abc import Mapping, Sequence

from golive.canonical import Digest
from golive.ledger.events import Event
from golive.release.manifest import Manifest
from golive.release.people import PLAN
from golive.stages.changes import signed_changes, unsigned
from golive.stages.standing import StageState, fold_stages
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


def promotion_problems(
    events: Sequence[Event], manifest: Manifest, digest: Digest, environment: str, locale: str
) -> tuple[str, ...]:
    """Why the manifest of ``digest`` may not be installed in ``environment`` yet, by its release's events.

    Empty when it may.
    """
    place = manifest.path.index(environment)
    problems = []
    if place > 0:
        before = manifest.path[place - 1]
        if _passed(events, before) != artifacts_of(manifest):
            problems.append(text("stages.promotion_not_live_before", locale, environment=before))
    if environment == manifest.production:
        problems.extend(_change_problems(events, manifest, digest, locale))
    return tuple(problems)


def _change_problems(events: Sequence[Event], manifest: Manifest, digest: Digest, locale: str) -> list[str]:
    """The plan stands closed for this very manifest, with both signatures of each change request."""
    environment = manifest.production
    plan = fold_stages(events).get((environment, PLAN))
    if plan is None or plan.state is not StageState.CLOSED or plan.manifest != digest:
        return [text("stages.promotion_no_plan", locale, environment=environment)]
    missing = unsigned(signed_changes(events, manifest, digest, environment), manifest, locale)
    return [text("stages.promotion_unsigned", locale, changes=missing)] if missing else []
