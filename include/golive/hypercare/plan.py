"""The plan of hypercare as one value: what the manifest says, completed from the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from golive.hypercare.catalogue import Clocks, clocks, measures
from golive.hypercare.errors import KpiMisfit
from golive.hypercare.values import Measure
from golive.release.manifest import Manifest
from golive.release.people import Person
from golive.release.preparation import Escalation, Hypercare, Kpi, Phase, SupportHours

_OWN = "6.own"


@dataclass(frozen=True)
class CarePlan:
    """``clocks`` by priority; ``waived`` names measures that do not apply, and why; ``people`` as the manifest has
    them."""

    release: str
    environment: str
    locale: str
    zone: ZoneInfo
    phases: tuple[Phase, ...]
    hours: SupportHours
    holidays: frozenset[date]
    measures: Mapping[str, Measure]
    waived: Mapping[str, str]
    clocks: Mapping[str, Clocks]
    ladder: tuple[Escalation, ...]
    hypercare: Hypercare
    people: Mapping[str, Person]
    rollback_owner: str

    @property
    def weeks(self) -> int:
        return sum(phase.weeks for phase in self.phases)

    def with_role(self, role: str) -> tuple[str, ...]:
        """Ids of the people who hold a role, sorted."""
        return tuple(sorted(person for person, entry in self.people.items() if role in entry.roles))


def care_plan(manifest: Manifest, zone: ZoneInfo) -> CarePlan:
    """The plan for production, in its time zone. Raises ``KpiMisfit``."""
    care = manifest.hypercare
    respond = {level.priority: level.respond_minutes for level in care.service_levels}
    return CarePlan(
        release=manifest.release,
        environment=manifest.production,
        locale=manifest.locale,
        zone=zone,
        phases=care.phases,
        hours=care.hours,
        holidays=frozenset(date.fromisoformat(day) for day in care.holidays),
        measures={**measures(), **{kpi.name: _measure(kpi) for kpi in care.kpis}},
        waived=dict(care.waived),
        clocks={name: _clocks(known, respond.get(name)) for name, known in clocks().items()},  # type: ignore[call-overload]
        ladder=care.escalation,
        hypercare=care,
        people=manifest.people,
        rollback_owner=manifest.rollback.owner,
    )


def _measure(kpi: Kpi) -> Measure:
    """A catalogued measure with the manifest's target, or one of the manifest's own, which people attest."""
    known = measures().get(kpi.name)
    if known is None:
        return Measure(kpi.name, _OWN, kpi.name, kpi.name, kpi.target, kpi.unit, kpi.better, "attested")
    if (known.unit, known.better) != (kpi.unit, kpi.better):
        raise KpiMisfit(kpi=kpi.name, unit=known.unit, better=known.better)
    return replace(known, target=kpi.target)


def _clocks(known: Clocks, respond: int | None) -> Clocks:
    """``respond_minutes`` bounds the first analysis; nobody may acknowledge later than that."""
    if respond is None:
        return known
    return replace(known, analysis=respond, acknowledge=min(known.acknowledge, respond))
