"""One line for each event of hypercare, in the reader's language; None for what is no news (a look, for one)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from golive.hypercare.plan import CarePlan
from golive.hypercare.state import INCIDENT_KEY
from golive.ledger.events import Event
from golive.texts import text

TOLD = (
    "release.live",
    "incident.opened",
    "incident.raised",
    "message.sent",
    "incident.step",
    "incident.escalated",
    "incident.overdue",
    "incident.closed",
    "incident.explained",
    "kpi.attested",
    "condition.attested",
    "change.recorded",
    "downtime.planned",
    "report.made",
    "handover.signed",
    "hypercare.extended",
    "hypercare.handed_over",
    "hypercare.rollback_chosen",
)
_NAMED = {"step": "step", "clock": "clock", "report": "report", "side": "side"}
"""Values that have a text of their own: ``<prefix>_<value>``."""


def told(plan: CarePlan, event: Event, locale: str) -> str | None:
    """What an event says; moments are in the plan's time zone."""
    if event.kind not in TOLD or (event.kind == "message.sent" and not event.data["key"].startswith(INCIDENT_KEY)):
        return None
    data = {name: value for name, value in event.data.items() if name not in ("key", "locale")}
    facts: dict[str, Any] = {**data, "actor": event.actor, **_facts(plan, event.data, locale)}
    return text(f"hypercare.told_{event.kind.replace('.', '_')}", locale, **facts)


def _facts(plan: CarePlan, data: Mapping[str, Any], locale: str) -> dict[str, str]:
    named = {key: text(f"hypercare.{prefix}_{data[key]}", locale) for key, prefix in _NAMED.items() if key in data}
    moments = {key: moment(plan, data[key]) for key in ("due", "starts", "ends") if key in data}
    people = ", ".join(data.get("recipients") or data.get("people") or ()) or "-"
    missed = text("hypercare.told_missed", locale, count=data["missed"]) if data.get("missed") else ""
    incident = data.get("incident") or str(data.get("key", "")).removeprefix(INCIDENT_KEY)
    planned = text(f"hypercare.change_{'planned' if data.get('planned') else 'unplanned'}", locale)
    met = text(f"hypercare.result_{'met' if data.get('met') else 'missed'}", locale)
    own = {"people": people, "missed": missed, "incident": incident, "planned": planned, "met": met}
    return {**named, **moments, **own}


def moment(plan: CarePlan, written: str) -> str:
    """``2026-03-01 18:00``, as clocks show it in the plan's time zone."""
    return datetime.fromisoformat(written).astimezone(plan.zone).strftime("%Y-%m-%d %H:%M")
