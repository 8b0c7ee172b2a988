"""How all measures and conditions stand at a moment. Unknown never passes, alone or beside others."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from golive.hypercare.catalogue import conditions
from golive.hypercare.computed import SERIOUS, computed, period_start
from golive.hypercare.judge import judge_period
from golive.hypercare.plan import CarePlan
from golive.hypercare.state import State
from golive.hypercare.values import Condition, Judgement, Measure, Result


def measured(plan: CarePlan, state: State, now: datetime, since: datetime | None = None) -> dict[str, Judgement]:
    """Every measure, by name, over the time from ``since`` (the last month when None)."""
    begin = since or period_start(state, now)
    return {name: _measure(plan, state, measure, begin, now) for name, measure in plan.measures.items()}


def _measure(plan: CarePlan, state: State, measure: Measure, since: datetime, now: datetime) -> Judgement:
    if measure.name in plan.waived:
        return Judgement(measure.name, Result.WAIVED, "waived", detail=plan.waived[measure.name])
    if measure.obtained == "computed":
        return computed(state, measure, now)
    readings = state.readings.get(measure.name, [])
    recent = [reading for reading in readings if reading.at >= since] if measure.watched else readings
    return judge_period(measure, recent or readings[-1:], now, state.baseline.get(measure.name))


def fulfilled(plan: CarePlan, state: State, found: Mapping[str, Judgement]) -> dict[str, Judgement]:
    """Every condition of the end, by name. ``found`` is what ``measured`` gave."""
    known: dict[str, Judgement] = {}
    for condition in conditions().values():
        known[condition.name] = _condition(plan, state, condition, {**found, **known})
    return known


def _condition(plan: CarePlan, state: State, condition: Condition, found: Mapping[str, Judgement]) -> Judgement:
    if condition.by == "attested":
        return _attested(state, condition)
    names = condition.of
    if condition.by == "kpis":
        names = tuple(name for name, measure in plan.measures.items() if measure.is_kpi)
    together = _together(condition.name, (found[name] for name in names))
    serious = [item.incident for item in state.open_incidents if item.priority in SERIOUS]
    if condition.by == "stable" and serious:
        return Judgement(condition.name, Result.MISSED, "incidents_open", detail=", ".join(serious))
    return together


def _attested(state: State, condition: Condition) -> Judgement:
    said = state.attested.get(condition.name)
    if said is None:
        return Judgement(condition.name, Result.UNKNOWN, "nobody_said")
    result, why = (Result.MET, "confirmed") if said.met else (Result.MISSED, "denied")
    return Judgement(condition.name, result, why, source=f"person/{said.person}", at=said.at, detail=said.note)


def _together(name: str, parts: Iterable[Judgement]) -> Judgement:
    """All that is not waived must be met; with everything waived, so is the whole."""
    counted = [part for part in parts if part.result is not Result.WAIVED]
    for result, why in ((Result.MISSED, "parts_missed"), (Result.UNKNOWN, "parts_unknown")):
        bad = [part.name for part in counted if part.result is result]
        if bad:
            return Judgement(name, result, why, detail=", ".join(bad))
    return Judgement(name, Result.MET, "parts_met") if counted else Judgement(name, Result.WAIVED, "waived")
