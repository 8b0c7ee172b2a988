"""What happened is told: the release's events become messages in its outbox. Sending is the edge's."""

from golive.ledger.events import environment_stream, release_stream
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.reports.message import Audience
from golive.reports.narrate import narrate
from golive.reports.queue import queue
from golive.stages.runtime import Runtime
from golive.stages.subject import load_told


def audience_of(manifest: Manifest, environment: Environment) -> Audience:
    """Who a release's messages are for in an environment."""
    return Audience(
        release=manifest.release,
        environment=environment.environment,
        channel=manifest.communication.channel,
        incidents=manifest.communication.incidents,
        locale=manifest.locale,
        title=getattr(manifest.title, manifest.locale),
        environment_title=getattr(environment.title, manifest.locale),
        version=manifest.version,
        timezone=environment.timezone,
        people={person: entry.name for person, entry in manifest.people.items()},
    )


def tell(runtime: Runtime) -> None:
    """Queues what the release's events call for. Telling the same again adds nothing."""
    stream = release_stream(runtime.run.release)
    subject = load_told(runtime.ledger, runtime.run.release, runtime.run.environment)
    changes = [f"{change.id} {change.title}" for change in subject.manifest.changes]
    audience = audience_of(subject.manifest, subject.environment)
    events = runtime.ledger.read(stream)
    queue(runtime.ledger, stream, *narrate(events, audience, changes, lambda event: event.data.get("link")))


def tell_environment(runtime: Runtime, manifest: Manifest, environment: Environment) -> None:
    """Queues what the environment's own events call for: incidents of the night."""
    stream = environment_stream(environment.environment)
    events = runtime.ledger.read(stream)
    queue(runtime.ledger, stream, *narrate(events, audience_of(manifest, environment)))
