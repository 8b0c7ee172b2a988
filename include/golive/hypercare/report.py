"""What a report says, as values: the table of measures, the incidents of the period, the silence, what comes next."""

from datetime import datetime
from typing import Any

from golive.hypercare.computed import silence
from golive.hypercare.duties import DueReport
from golive.hypercare.exit import as_row
from golive.hypercare.hours import on_duty, phase_at
from golive.hypercare.incident import Incident, clocks_of
from golive.hypercare.plan import CarePlan
from golive.hypercare.problems import problems
from golive.hypercare.standing import measured
from golive.hypercare.state import State


def report_content(plan: CarePlan, state: State, due: DueReport, now: datetime) -> dict[str, Any]:
    """The content as JSON, of the time from ``due.since`` to ``now``: one that is made late says what is known now."""
    start = state.started or now
    found = measured(plan, state, now, due.since)
    return {
        "release": plan.release,
        "environment": plan.environment,
        "report": due.report,
        "since": due.since.isoformat(),
        "due": due.due.isoformat(),
        "made": now.isoformat(),
        "phase": plan.phases.index(phase_at(plan, start, now)) + 1,
        "measures": [{**as_row(item), "target": plan.measures[item.name].target} for item in found.values()],
        "incidents": [_incident(plan, state, item, now) for item in _of_period(state, due)],
        "problems": [vars(item) | {"incidents": list(item.incidents)} for item in problems(_of_period(state, due))],
        "silent_days": silence(state, now).days,
        "unplanned_changes": sum(due.since < at <= now for at in state.unplanned),
        "on_duty": {step.role: list(on_duty(plan, start, step.role, now)) for step in plan.ladder},
        "missed": due.missed,
    }


def _of_period(state: State, due: DueReport) -> list[Incident]:
    return [item for item in state.incidents.values() if item.closed is None or item.closed > due.since]


def _incident(plan: CarePlan, state: State, incident: Incident, at: datetime) -> dict[str, Any]:
    clocks = clocks_of(incident, plan, state.started or at, at)
    names = ("incident", "cause", "title", "priority", "reason", "root_cause", "prevention", "problem")
    return {
        **{name: getattr(incident, name) for name in names},
        "opened": incident.opened.isoformat(),
        "closed": incident.closed.isoformat() if incident.closed else None,
        "late": [clock.name for clock in clocks if clock.late],
        "level": max(incident.called, default=0),
    }
