"""What the ledger knows that a plan is made from, and compared with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from golive.canonical import Digest
from golive.ledger import Ledger
from golive.ledger.events import environment_stream, release_stream
from golive.release.environment import Environment, environment_from_data
from golive.release.manifest import Manifest
from golive.release.names import nearest
from golive.release.plan import Plan, plan_from_data
from golive.stages.errors import UnknownEnvironment
from golive.stages.live import serving_of
from golive.stages.standing import last
from golive.stages.subject import current_versions


@dataclass(frozen=True)
class Background:
    """What serves in an environment. ``kept`` is the plan that was made before of exactly this submission."""

    current: Mapping[str, str] = field(default_factory=dict)
    release: str | None = None
    released: Plan | None = None
    kept: Plan | None = None


def background(ledger: Ledger, manifest: Manifest, identity: Digest, environment: Environment) -> Background:
    """Reads, and writes nothing. Raises the ledger's errors."""
    events = ledger.read(environment_stream(environment.environment))
    live = serving_of(events)
    content = live.data.get("plan_content") if live else None
    return Background(
        current=current_versions(events),
        release=live.data["release"] if live else None,
        released=_plan(ledger, content) if content else None,
        kept=_kept(ledger, manifest, identity, environment),
    )


def submitted_environment(ledger: Ledger, manifest: Manifest, name: str) -> Environment:
    """The newest submission of an environment of the release's path. Raises ``UnknownEnvironment``."""
    place = last(ledger.read(environment_stream(name)), "environment.submitted")
    if name in manifest.path and place is not None:
        return environment_from_data(json.loads(ledger.fetch(place.data["content"])))
    submitted = [stream.removeprefix("environment/") for stream in ledger.streams("environment/")]
    known = submitted if name in manifest.path else manifest.path
    raise UnknownEnvironment(environment=name, meant=nearest(name, known), known=", ".join(known) or "-")


def _kept(ledger: Ledger, manifest: Manifest, identity: Digest, environment: Environment) -> Plan | None:
    """A plan stays what it was at its first use, until another is made or it was rolled back."""
    events = ledger.read(release_stream(manifest.release))
    made = last(events, "release.planned", environment=environment.environment)
    undone = last(events, "release.rolled_back", environment=environment.environment)
    if made is None or (undone is not None and undone.sequence > made.sequence):
        return None
    same = made.data["manifest"] == identity and made.data["environment_digest"] == environment.digest
    return _plan(ledger, made.data["content"]) if same else None


def _plan(ledger: Ledger, content: Digest) -> Plan:
    return plan_from_data(json.loads(ledger.fetch(content)))
