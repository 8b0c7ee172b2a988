"""From what happened to what is said: the messages that a release's events call for.

A fold without memory: told again it says the same under the same keys, and the outbox keeps one of each. So whoever
holds a release's stream may narrate it, at any time, after any crash.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from golive.ledger.events import Event
from golive.reports import care_messages
from golive.reports.message import Audience, Message
from golive.reports.messages import (
    Gate,
    ReleaseNews,
    StageNews,
    answered,
    approval_expired,
    approval_wanted,
    check_failed,
    incident_closed,
    incident_opened,
    release_started,
    release_told,
    stage_told,
    step_failed,
)

Link = Callable[[Event], str | None]
"""Where an event is seen by a person: the run of a stage, the form of a gate."""

Teller = Callable[[Audience, Event, str | None], Message]


def narrate(
    events: Sequence[Event], audience: Audience, changes: Sequence[str] = (), link: Link = lambda _event: None
) -> tuple[Message, ...]:
    """The messages for ``audience.environment`` in order, the thread's root first. ``changes``: one line each."""
    return tuple(_told(events, audience, changes, link))


def _told(events: Sequence[Event], audience: Audience, changes: Sequence[str], link: Link) -> Iterator[Message]:
    intents: dict[str, Mapping[str, Any]] = {}
    begun = False
    for event in events:
        if event.kind == "effect.intended":
            intents[event.data["operation"]] = event.data
        if _place(event, intents).get("environment") != audience.environment:
            continue
        if event.kind == "stage.opened" and not begun:
            begun = True
            yield release_started(audience, event.data["requester"], changes, link(event))
        if event.kind == "effect.recorded" and event.data["outcome"] == "failed":
            yield _step_failed(audience, event, intents[event.data["operation"]], link(event))
        if _found_wrong(event):
            yield _checked(audience, event, link(event))
        if event.kind in TELLERS:
            yield TELLERS[event.kind](audience, event, link(event))


def _place(event: Event, intents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The data that says where an event belongs: its own, or that of the intent it answers."""
    return intents.get(event.data.get("operation", ""), event.data)


def _found_wrong(event: Event) -> bool:
    """A check that failed and says why; the sum over a step's checks, which has no words of its own, is not told."""
    return event.kind == "fact.recorded" and event.data["verdict"] == "fail" and bool(event.data.get("detail"))


def _step_failed(audience: Audience, event: Event, intent: Mapping[str, Any], link: str | None) -> Message:
    where = (intent["stage"], intent["attempt"], intent["step"], intent["target"])
    return step_failed(audience, *where, detail=str(event.data.get("detail") or ""), link=link)


def _stage(news: StageNews) -> Teller:
    def tell(audience: Audience, event: Event, link: str | None) -> Message:
        data = event.data
        return stage_told(audience, news, data["stage"], data["attempt"], detail=_detail(event), link=link)

    return tell


def _release(news: ReleaseNews) -> Teller:
    def tell(audience: Audience, event: Event, link: str | None) -> Message:
        return release_told(audience, news, occasion=str(event.sequence), detail=_detail(event), link=link)

    return tell


def _wanted(audience: Audience, event: Event, link: str | None) -> Message:
    data = event.data
    expires = datetime.fromisoformat(data["expires"])
    return approval_wanted(audience, _gate(event), data["assignees"], expires, data["plan"], link)


def _checked(audience: Audience, event: Event, link: str | None) -> Message:
    data = event.data
    return check_failed(audience, data["stage"], data["attempt"], data["name"], detail=_detail(event), link=link)


def _signed(audience: Audience, event: Event, _link: str | None) -> Message:
    return answered(audience, _gate(event), event.data["person"], event.data["answer"], _detail(event))


def _expired(audience: Audience, event: Event, _link: str | None) -> Message:
    return approval_expired(audience, _gate(event))


def _opened(audience: Audience, event: Event, link: str | None) -> Message:
    data = event.data
    what = (data["incident"], data["title"], data["priority"])
    return incident_opened(audience, *what, detail=_detail(event), link=link)


def _closed(audience: Audience, event: Event, _link: str | None) -> Message:
    return incident_closed(audience, event.data["incident"], event.data["title"], detail=_detail(event))


def _gate(event: Event) -> Gate:
    return Gate(event.data["stage"], event.data["attempt"], event.data["kind"])


def _detail(event: Event) -> str:
    return str(event.data.get("reason") or event.data.get("detail") or "")


TELLERS: Mapping[str, Teller] = {
    "stage.opened": _stage(StageNews.STARTED),
    "stage.closed": _stage(StageNews.DONE),
    "stage.returned": _stage(StageNews.RETURNED),
    "stage.stopped": _stage(StageNews.STOPPED),
    "stage.rolled_back": _stage(StageNews.ROLLED_BACK),
    "stage.quarantined": _stage(StageNews.QUARANTINED),
    "gate.asked": _wanted,
    "gate.signed": _signed,
    "gate.expired": _expired,
    "release.live": _release(ReleaseNews.LIVE),
    "release.rolled_back": _release(ReleaseNews.ROLLED_BACK),
    "release.returned": _release(ReleaseNews.RETURNED),
    "incident.opened": _opened,
    "incident.closed": _closed,
    "incident.escalated": care_messages.escalated,
    "incident.step": care_messages.stepped,
    "incident.overdue": care_messages.late,
    "report.made": care_messages.reported,
    "hypercare.extended": care_messages.extended,
    "hypercare.rollback_chosen": care_messages.rollback_chosen,
    "hypercare.handed_over": care_messages.handed_over,
}
