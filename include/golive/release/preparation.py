"""What surrounds the technical work: training, readiness, windows, cutover, rollback, hypercare, messages."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from golive.release.base import Localized, Model
from golive.release.people import Stage
from golive.release.shapes import (
    Channel,
    ClockTime,
    Count,
    Date,
    Decimal,
    Hours,
    Identifier,
    LocalFile,
    Minutes,
    Moment,
    Name,
    Percent,
    Text,
)


class SchemaChange(Model):
    """Ordered SQL scripts for a database of the environment: ``NNNN_name.up.sql`` and ``.down.sql``, in any order."""

    database: Name
    scripts: Annotated[tuple[LocalFile, ...], Field(min_length=1, max_length=1000)]


class DataMove(Model):
    """Rows that move from one database of the environment to another, through a mapping file.

    ``freeze_seconds``: the longest that writes may be refused at the cutover. ``flow_back_hours``: how long after it
    changes on the new database are still brought back to the old one; after that a rollback would lose them.
    """

    source: Name
    target: Name
    mapping: LocalFile
    capture: Literal["triggers", "pgoutput", "frozen"] = "triggers"
    workers: Annotated[Count, Field(ge=1, le=16)] = 2
    sample_rows: Annotated[Count, Field(ge=1)] = 1000
    freeze_seconds: Annotated[Count, Field(ge=1)] = 30
    flow_back_hours: Hours = 72


class Migration(Model):
    """What happens to databases: their schema is changed in place (``ddl``), rows are moved (``data``), or both."""

    ddl: SchemaChange | None = None
    data: DataMove | None = None

    @property
    def files(self) -> frozenset[str]:
        """Every file that it refers to."""
        scripts = self.ddl.scripts if self.ddl else ()
        return frozenset({*scripts, *((self.data.mapping,) if self.data else ())})

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that it changes or reads, sorted."""
        changed = (self.ddl.database,) if self.ddl else ()
        moved = (self.data.source, self.data.target) if self.data else ()
        return tuple(sorted({*changed, *moved}))


class Training(Model):
    """``required_percent`` of the ``audience`` must have completed it."""

    name: Text
    audience: Text
    owner: Identifier
    required_percent: Percent


class Readiness(Model):
    """An item that its owner confirms before cutover."""

    name: Name
    title: Localized
    owner: Identifier


class Window(Model):
    """When the effects of ``stages`` may happen, in the environment's local time."""

    environment: Name
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    opens: Moment
    closes: Moment

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if datetime.fromisoformat(self.opens) >= datetime.fromisoformat(self.closes):
            raise PydanticCustomError("window_order", "a window closes after it opens")
        return self


class Cutover(Model):
    """``drain_seconds``: how long open requests may take to finish on a host that leaves the balancer."""

    drain_seconds: Annotated[int, Field(ge=0, le=3600)]


class RollbackPlan(Model):
    """Who leads a rollback, and how long after the start of cutover it may still be chosen."""

    deadline_minutes: Annotated[int, Field(ge=1, le=525_600)]
    owner: Identifier


class Phase(Model):
    """A part of hypercare, and when its support works: ``always``; in ``business`` hours; ``weekly``: in business
    hours, with the weekly check and the visits."""

    name: Localized
    weeks: Annotated[int, Field(ge=1, le=104)]
    support: Literal["always", "business", "weekly"] = "always"


class Kpi(Model):
    """A measure and its target; ``target`` is a decimal number as text, so that its digits are what was signed."""

    name: Name
    target: Decimal
    unit: Text
    better: Literal["higher", "lower"]


class ServiceLevel(Model):
    """How soon an incident of this priority is answered."""

    priority: Literal["P1", "P2", "P3", "P4"]
    respond_minutes: Minutes


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class SupportHours(Model):
    """Business hours, in the environment's local time."""

    opens: ClockTime = "09:00"
    closes: ClockTime = "18:00"
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise PydanticCustomError("hours_order", "business hours close after they open")
        return self


class Duty(Model):
    """Who is on duty for a role: ``people`` in turn, each for ``each_hours`` of local time from the day of go-live."""

    role: Name
    people: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    each_hours: Hours = 168


class Escalation(Model):
    """Who is called when an incident has neither a workaround nor an end after so many minutes."""

    level: Count
    role: Name
    after_minutes: Minutes


def _rising(levels: tuple[Escalation, ...]) -> tuple[Escalation, ...]:
    steps = [(level.level, level.after_minutes) for level in levels]
    for (level, after), (next_level, next_after) in pairwise(steps):
        if next_level <= level or next_after < after:
            raise PydanticCustomError("escalation_order", "levels and their minutes rise")
    return levels


def _once(levels: tuple[ServiceLevel, ...]) -> tuple[ServiceLevel, ...]:
    priorities = [level.priority for level in levels]
    if len(set(priorities)) < len(priorities):
        raise PydanticCustomError("priority_twice", "each priority once")
    return levels


class Hypercare(Model):
    """The plan for the time after go-live.

    ``kpis`` gives targets to measures of the catalogue and adds others; ``waived`` names measures that do not apply,
    and why. ``giver`` and ``receiver`` are the roles that sign the hand-over. A role without a ``roster`` is all who
    hold it.
    """

    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    kpis: tuple[Kpi, ...]
    service_levels: Annotated[tuple[ServiceLevel, ...], AfterValidator(_once)]
    escalation: Annotated[tuple[Escalation, ...], Field(min_length=1), AfterValidator(_rising)]
    hours: SupportHours = SupportHours()
    holidays: tuple[Date, ...] = ()
    roster: tuple[Duty, ...] = ()
    waived: Mapping[Name, Text] = Field(default_factory=dict)
    giver: Name = "release_manager"
    receiver: Name = "operations_lead"


class Communication(Model):
    """Where messages go: Slack channels by ``#name`` or id."""

    channel: Channel
    incidents: Channel
