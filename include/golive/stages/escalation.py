"""Incidents of an environment itself: opened when something is wrong, closed by the next look that finds all well."""

from collections.abc import Sequence
from datetime import datetime

from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.stages.reconcile import Reconciled
from golive.stages.runtime import Runtime
from golive.stages.telling import tell_environment
from golive.texts import text


def follow(ledger: Ledger, environment: str, family: str, bad: str, title: str) -> None:
    """One incident a ``family`` at a time: opened with ``bad`` as its detail, closed when ``bad`` is empty."""
    prefix = f"{environment}-{family}-"

    def decide(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        mine = [event for event in events if str(event.data.get("incident", "")).startswith(prefix)]
        opened = sum(event.kind == "incident.opened" for event in mine)
        is_open = opened > sum(event.kind == "incident.closed" for event in mine)
        number = opened if is_open else opened + 1
        data = {"environment": environment, "incident": f"{prefix}{number}", "title": title}
        if bad and not is_open:
            return [NewEvent("incident.opened", {**data, "priority": "P2", "detail": bad[:1500]})]
        return [NewEvent("incident.closed", data)] if is_open and not bad else []

    ledger.append(environment_stream(environment), decide)


def escalate(runtime: Runtime, manifest: Manifest, environment: Environment, reconciled: Reconciled) -> None:
    """An incident for effects that nobody will close and whose places did not tell; its end only after a whole look."""
    if not reconciled.left and not reconciled.whole:
        return
    title = text("stages.incident_effects", manifest.locale, environment=runtime.run.environment)
    detail = "; ".join(str(item) for item in reconciled.left)
    follow(runtime.ledger, runtime.run.environment, "effects", detail, title)
    tell_environment(runtime, manifest, environment)
