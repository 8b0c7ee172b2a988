"""Documents of a stage: kept in the evidence store, named by an event, so that the record shows what was read."""

from collections.abc import Callable, Sequence
from datetime import datetime

from golive.ledger.events import Event, NewEvent, release_stream
from golive.migration.report.document import Document
from golive.stages.runtime import Runtime
from golive.stages.standing import fold_stages
from golive.texts import LOCALES

KEPT = "document.kept"


def keep_document(runtime: Runtime, name: str, content: bytes, media_type: str, locale: str = "") -> None:
    """Stores a document of the run's stage and says so in the release's stream."""
    digest = runtime.ledger.store(content, media_type)

    def say(events: Sequence[Event], _now: datetime) -> list[NewEvent]:
        attempt = fold_stages(events)[(runtime.run.environment, runtime.run.stage)].attempt
        where = {"environment": runtime.run.environment, "stage": runtime.run.stage, "attempt": attempt}
        about = {"name": name, "locale": locale, "media_type": media_type, "evidence": digest}
        return [NewEvent(KEPT, {**where, **about})]

    runtime.ledger.append(release_stream(runtime.run.release), say)


def keep_report(runtime: Runtime, name: str, make: Callable[[str], Document]) -> None:
    """A report in every language, as a page."""
    for locale in LOCALES:
        keep_document(runtime, name, make(locale).html().encode(), "text/html; charset=utf-8", locale)
