"""What is said of hypercare: who is called, what people did about an incident, reports, and how it goes on or ends."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from golive.escape import code, line
from golive.ledger.events import Event
from golive.reports.blocks import buttons, paragraphs, section, within_limit
from golive.reports.message import Audience, Message
from golive.texts import text


def escalated(audience: Audience, event: Event, link: str | None) -> Message:
    """Who is called at which level, in the incident's thread."""
    data = event.data
    facts = {"level": data["level"], "role": line(data["role"]), "people": _people(audience, data["people"])}
    return _of_incident(audience, event, f"level:{data['level']}", "incident_escalated", link=link, **facts)


def stepped(audience: Audience, event: Event, link: str | None) -> Message:
    """What somebody did about an incident, or has to say of it."""
    facts = {"step": _say(f"step_{event.data['step']}", audience.locale), "person": audience.person(event.actor)}
    return _of_incident(audience, event, f"step:{event.sequence}", "incident_step", event.data["note"], link, **facts)


def late(audience: Audience, event: Event, link: str | None) -> Message:
    """A clock of an incident that ran out; each is told once."""
    data = event.data
    facts = {"clock": _say(f"clock_{data['clock']}", audience.locale), "due": _when(audience, data["due"])}
    return _of_incident(audience, event, f"late:{data['clock']}:{data['due']}", "incident_late", link=link, **facts)


def reported(audience: Audience, event: Event, link: str | None) -> Message:
    """A report in figures, to the people it is for."""
    data = event.data
    facts = {**data["summary"], "report": _say(f"report_{data['report']}", audience.locale)}
    facts |= {"due": _when(audience, data["due"]), "people": _people(audience, data["recipients"])}
    return _of_release(audience, f"report:{data['report']}:{data['due']}", "report_made", "", link, **facts)


def extended(audience: Audience, event: Event, link: str | None) -> Message:
    facts = {"until": line(event.data["until"]), "person": audience.person(event.actor)}
    return _of_release(audience, f"extended:{event.sequence}", "care_extended", event.data["reason"], link, **facts)


def handed_over(audience: Audience, event: Event, link: str | None) -> Message:
    facts = {"certificate": code(event.data["certificate"])}
    return _of_release(audience, f"handed_over:{event.sequence}", "care_handed_over", "", link, **facts)


def rollback_chosen(audience: Audience, event: Event, link: str | None) -> Message:
    facts = {"person": audience.person(event.actor), "owner": audience.person(event.data["owner"])}
    return _of_release(audience, f"back:{event.sequence}", "care_rollback", event.data["reason"], link, **facts)


def _of_incident(
    audience: Audience, event: Event, name: str, key: str, words: str = "", link: str | None = None, **facts: Any
) -> Message:
    root = f"incident:{event.data['incident']}"
    headline = _say(key, audience.locale, incident=code(event.data["incident"]), **facts)
    return _message(audience, f"{root}:{name}", audience.incidents, root, headline, words, link)


def _of_release(audience: Audience, name: str, key: str, words: str, link: str | None, **facts: Any) -> Message:
    headline = _say(key, audience.locale, **facts)
    return _message(audience, f"{audience.root}:{name}", audience.channel, audience.root, headline, words, link)


def _message(
    audience: Audience, key: str, channel: str, thread: str, headline: str, words: str, link: str | None
) -> Message:
    quoted = [f">{line(each)}" for each in words.splitlines() if line(each)]
    blocks = (section(headline), *paragraphs(quoted), *buttons(_say("button_run", audience.locale), link))
    return Message(key, channel, thread, headline, within_limit(blocks, _say("more", audience.locale)))


def _people(audience: Audience, people: Iterable[str]) -> str:
    return ", ".join(audience.person(each) for each in people) or "-"


def _when(audience: Audience, written: str) -> str:
    return audience.when(datetime.fromisoformat(written))


def _say(name: str, locale: str, /, **data: Any) -> str:
    return text(f"messages.{name}", locale, **data)
