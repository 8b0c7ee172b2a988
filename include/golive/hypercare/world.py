"""The world of a simulation: what the sources say at a moment of a scenario, and how people behave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from golive.hypercare.catalogue import conditions
from golive.hypercare.decisions import attestable
from golive.hypercare.judge import GRADES
from golive.hypercare.plan import CarePlan
from golive.hypercare.scenario import Scenario, Trouble
from golive.hypercare.values import Measure, Reading
from golive.release.moments import first_showing

HEALTHY = {"availability": "100", "response_time": "310", "error_rate": "0.1"}
CAPACITY = {"concurrent_users": "620", "throughput": "1240"}
BEFORE, AFTER = "200", "90"
"""What a measure that is compared had before the release, and what it has after it, in whatever unit."""
SOURCE = "simulation"


@dataclass(frozen=True)
class World:
    plan: CarePlan
    scenario: Scenario

    def instant(self, moment: str) -> datetime:
        """A local moment of the scenario as an instant, in UTC."""
        local = datetime.fromisoformat(moment)
        return first_showing(self.plan.zone, local.date(), local.time())

    @property
    def go_live(self) -> datetime:
        return self.instant(self.scenario.go_live)

    def troubles(self, at: datetime) -> Iterator[Trouble]:
        """The troubles that last at a moment."""
        return (item for item in self.scenario.trouble if self._lasts(item.at, item.minutes, at))

    def is_looked_at(self, at: datetime) -> bool:
        return not any(self._lasts(item.at, item.minutes, at) for item in self.scenario.silence)

    def readings(self, at: datetime, shown: datetime) -> list[Reading]:
        """What the sources say at a moment; their clocks show ``shown``."""
        values = {**HEALTHY, **{item.measure: item.value for item in self.troubles(at)}}
        if any(self._lasts(item.at, item.minutes, at) for item in self.scenario.downtime):
            values["availability"] = "0"
        return [Reading(name, value, SOURCE, shown) for name, value in values.items()]

    def response(self, at: datetime) -> timedelta:
        """How long the people on duty take to answer what happens at a moment."""
        slow = [item.response_minutes for item in self.troubles(at) if item.response_minutes]
        return timedelta(minutes=max(slow, default=self.scenario.response_minutes))

    def answers(self) -> Iterator[tuple[str, str]]:
        """What people attest at the end of a month: the good value of everything but what is withheld."""
        for name in attestable(self.plan):
            if name not in self.scenario.withheld and name not in HEALTHY and name not in CAPACITY:
                yield name, "met" if name in conditions() else good(self.plan.measures[name])

    def _lasts(self, begins: str, minutes: int, at: datetime) -> bool:
        start = self.instant(begins)
        return start <= at < start + timedelta(minutes=minutes)


def good(measure: Measure) -> str:
    """A value that meets a measure's target."""
    if measure.baseline:
        return AFTER
    return GRADES[-1] if measure.unit == "grade" else measure.target
