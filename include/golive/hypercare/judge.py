"""Whether a measure meets its target: values with their source and time become met, missed or unknown. Pure.

What is not known for certain is unknown, and says why: no value, one that is no number, one that cannot be, one from
the future, one that is too old.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from golive.hypercare.values import Judgement, Measure, Reading, Result

BOUNDS: dict[str, tuple[Decimal, Decimal | None]] = {
    "percent": (Decimal(0), Decimal(100)),
    "points": (Decimal(1), Decimal(5)),
}
"""What a unit can be at all; others are only not negative."""

GRADES = "EDCBA"
TOLERANCE = timedelta(minutes=1)
"""How far a source's clock may be ahead of the record's."""
_LONGEST = 40


class Implausible(ValueError):
    """A text that is no possible value; ``why`` is a key of the catalogue."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def number(unit: str, written: str | None) -> Decimal:
    """The value that a source wrote. Raises ``Implausible``."""
    if written is None or not written.strip():
        raise Implausible("no_value")
    if unit == "grade":
        if len(written) != 1 or written not in GRADES:
            raise Implausible("no_grade")
        return Decimal(GRADES.index(written))
    low, high = BOUNDS.get(unit, (Decimal(0), None))
    value = _decimal(written)
    if value < low:
        raise Implausible("too_low")
    if high is not None and value > high:
        raise Implausible("too_high")
    if unit == "count" and value != value.to_integral_value():
        raise Implausible("no_count")
    return value


def _decimal(written: str) -> Decimal:
    if len(written) > _LONGEST:
        raise Implausible("no_number")
    try:
        value = Decimal(written)
    except InvalidOperation as error:
        raise Implausible("no_number") from error
    if not value.is_finite() or abs(value) >= Decimal(10) ** 18:
        raise Implausible("no_number")
    return value


def flaw(measure: Measure, reading: Reading, now: datetime) -> str | None:
    """Why a reading cannot be believed at ``now`` (a key of the catalogue), None when it can."""
    if reading.at > now + TOLERANCE:
        return "from_the_future"
    try:
        number(_read_in(measure), reading.value)
    except Implausible as error:
        return error.why
    return "stale" if now - reading.at > measure.fresh else None


def judge(measure: Measure, reading: Reading | None, now: datetime, baseline: Reading | None = None) -> Judgement:
    """How one reading stands against the measure's target at ``now``."""
    if reading is None:
        return Judgement(measure.name, Result.UNKNOWN, "no_value")
    unknown = Judgement(measure.name, Result.UNKNOWN, "no_baseline", None, reading.source, reading.at)
    why = flaw(measure, reading, now)
    if why:
        return replace(unknown, why=why, detail=str(reading.value)[:_LONGEST])
    value = number(_read_in(measure), reading.value)
    if measure.baseline:
        return _compared(measure, value, baseline, unknown)
    return against(measure, value, reading.source, reading.at)


def judge_period(
    measure: Measure, readings: Sequence[Reading], now: datetime, baseline: Reading | None = None
) -> Judgement:
    """How a period's readings stand together: the newest must be sound, and what cannot be is never averaged in."""
    newest = judge(measure, readings[-1] if readings else None, now, baseline)
    if newest.result is Result.UNKNOWN or measure.over == "last" or measure.baseline:
        return newest
    values = list(_sound(measure, readings, now))
    joined = max(values) if measure.over == "max" else sum(values, Decimal(0)) / len(values)
    return against(measure, joined, newest.source, newest.at)


def against(measure: Measure, value: Decimal, source: str, at: datetime | None) -> Judgement:
    """A value that is believed, compared with the target."""
    target = number(measure.unit, measure.target)
    met = value >= target if measure.better == "higher" else value <= target
    result = Result.MET if met else Result.MISSED
    return Judgement(measure.name, result, "reached" if met else "not_reached", value, source, at)


def beyond(measure: Measure, value: Decimal) -> bool:
    """Whether a value is so bad that its incident is a P1."""
    if measure.critical is None:
        return False
    limit = Decimal(measure.critical)
    return value <= limit if measure.better == "higher" else value >= limit


def _compared(measure: Measure, value: Decimal, baseline: Reading | None, unknown: Judgement) -> Judgement:
    try:
        before = number(_read_in(measure), baseline.value if baseline else None)
    except Implausible:
        return unknown
    if baseline is None or before == 0 or (unknown.at and baseline.at > unknown.at):
        return unknown
    saved = (before - value) / before * 100
    return against(measure, saved, unknown.source, unknown.at)


def _read_in(measure: Measure) -> str:
    """The unit of a reading: a measure that is compared is read in its own unit, whatever that is."""
    return "raw" if measure.baseline else measure.unit


def _sound(measure: Measure, readings: Sequence[Reading], now: datetime) -> list[Decimal]:
    values = []
    for reading in readings:
        if reading.at <= now + TOLERANCE:
            try:
                values.append(number(_read_in(measure), reading.value))
            except Implausible:
                continue
    return values
