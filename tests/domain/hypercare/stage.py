"""Hypercare of the example to test with: its plan, and a record in memory under a clock that the test moves."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from golive.hypercare.care import Care
from golive.hypercare.journal import Memory
from golive.hypercare.plan import CarePlan, care_plan
from golive.hypercare.state import State
from golive.hypercare.values import Reading
from golive.ledger.events import Event
from golive.release.manifest import Manifest
from tests.domain.release.example import manifest

SEOUL = ZoneInfo("Asia/Seoul")
GO_LIVE = datetime(2026, 3, 9, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Seoul."""
WELL = {"availability": "100", "response_time": "300", "error_rate": "0.1"}


def plan_of(zone: str = "Asia/Seoul", source: Manifest | None = None) -> CarePlan:
    return care_plan(source or manifest(), ZoneInfo(zone))


class Stage:
    """A release that has just gone live."""

    def __init__(self, plan: CarePlan | None = None, go_live: datetime = GO_LIVE) -> None:
        self.plan = plan or plan_of()
        self.journal = Memory(self.plan.release, go_live)
        self.care = Care(self.plan, self.journal)
        self.record("release.live", plan="-")

    @property
    def now(self) -> datetime:
        return self.journal.clock

    def record(self, kind: str, **data: object) -> None:
        self.journal.record(kind, {"environment": self.plan.environment, **data})

    def wait(self, **passed: float) -> None:
        self.journal.clock += timedelta(**passed)

    def look(self, **values: str | None) -> list[Event]:
        """A look at which all is well but what is named."""
        readings = [Reading(name, value, "probe", self.now) for name, value in {**WELL, **values}.items()]
        self.care.sample(readings)
        return list(self.care.tick())

    def looks(self, hours: float, **values: str | None) -> list[Event]:
        """Looks every quarter of an hour, the first one in fifteen minutes."""
        told: list[Event] = []
        for _ in range(int(hours * 4)):
            self.wait(minutes=15)
            told += self.look(**values)
        return told

    def state(self) -> State:
        return self.care.state()


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]
