"""What the hypercare room speaks in: measures, readings, results, conditions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Better = Literal["higher", "lower"]
Obtained = Literal["probed", "computed", "attested"]
Priority = Literal["P1", "P2", "P3", "P4"]


class Result(StrEnum):
    """UNKNOWN never passes, whatever it stands beside. WAIVED: the manifest says that it does not apply, and why."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"
    WAIVED = "waived"


@dataclass(frozen=True)
class Measure:
    """A KPI or another measure. ``target`` is in ``unit``, as it was written; ``hours`` is how long a value is fresh.

    ``baseline``: the target is a reduction in percent against the value before the release. ``watched``: each look
    asks for it, and a breach opens an incident of ``priority``; one beyond ``critical`` a P1.
    """

    name: str
    section: str
    ko: str
    en: str
    target: str
    unit: str
    better: Better
    obtained: Obtained
    over: Literal["mean", "last", "max"] = "last"
    hours: int = 960
    baseline: bool = False
    watched: bool = False
    priority: Priority = "P3"
    critical: str | None = None

    @property
    def fresh(self) -> timedelta:
        return timedelta(hours=self.hours)

    @property
    def is_kpi(self) -> bool:
        """Whether it is one of the 24 of the plan's section 6, or one that the manifest adds."""
        return self.section.startswith("6")

    def title(self, locale: str) -> str:
        return {"ko": self.ko, "en": self.en}[locale]


@dataclass(frozen=True)
class Condition:
    """A success criterion or a condition of the end; ``of`` are what it rests on, none when a person attests it."""

    name: str
    section: str
    ko: str
    en: str
    by: Literal["measures", "kpis", "conditions", "stable", "attested"]
    of: tuple[str, ...] = ()

    def title(self, locale: str) -> str:
        return {"ko": self.ko, "en": self.en}[locale]


@dataclass(frozen=True)
class Reading:
    """A value as its source gave it, not yet believed: any text, or None when the source said nothing.

    ``at`` is when it was measured; ``source`` says by what or whom.
    """

    measure: str
    value: str | None
    source: str
    at: datetime


@dataclass(frozen=True)
class Judgement:
    """How a measure or condition stands, with what it stands on. ``why`` is a key of ``texts/*/hypercare.toml``."""

    name: str
    result: Result
    why: str
    value: Decimal | None = None
    source: str = ""
    at: datetime | None = None
    detail: str = ""
