"""What has changed since the full verification: the units that are looked at again before the hand-over."""

from collections.abc import Callable
from dataclasses import dataclass

from golive.migration import unit_sql as sql
from golive.migration.control import check_fence
from golive.migration.flow import Flow
from golive.migration.names import literal
from golive.migration.settings import Migration
from golive.migration.staging import copy
from golive.migration.statements import Session, rows, run, value

BESIDE = 100_000
"""So that the temporary tables stand beside those of a pass."""


@dataclass(frozen=True)
class ChangedUnits:
    """Of one flow. The conditions choose the rows ``s`` of the source and ``t`` of the target that belong to them;
    empty ones choose every row, and ``units`` is None then."""

    flow: Flow
    units: int | None
    source_condition: str
    target_condition: str


VerifyUnits = Callable[[tuple[ChangedUnits, ...], Session, Session], None]
"""Compares them, in the two sessions that are given (source, target), and raises ``RowsDiffer`` where they differ."""


def recheck(migration: Migration, source: Session, target: Session, verify: VerifyUnits) -> tuple[ChangedUnits, ...]:
    """Calls ``verify`` with all that changed, and forgets it when that found no difference.

    ``source`` and ``target`` must stand still meanwhile: both frozen, or inside a pass, whose snapshot the target is.
    """
    with source.transaction(), target.transaction():
        found = tuple(
            changed
            for place, flow in enumerate(migration.flows, BESIDE)
            if (changed := _changed(migration.name, source, target, flow, place)) is not None
        )
        verify(found, source, target)
        run(target, f"DELETE FROM golive_migration.changed_unit WHERE migration = {literal(migration.name)}")
        check_fence(target, migration.token)
    return found


def _changed(migration: str, source: Session, target: Session, flow: Flow, place: int) -> ChangedUnits | None:
    mine = f"FROM golive_migration.changed_unit WHERE migration = {literal(migration)} AND flow = {literal(flow.name)}"
    count, whole = rows(target, f"SELECT count(*), coalesce(bool_or(unit IS NULL), false) {mine}")[0]
    if not count:
        return None
    if whole:
        return ChangedUnits(flow, None, "", "")
    units = _spread(source, target, flow, place, mine)
    nulls = bool(value(target, sql.holds_null(flow, place)))
    return ChangedUnits(flow, units, sql.source_condition(flow, place, nulls), sql.target_condition(flow, place, nulls))


def _spread(source: Session, target: Session, flow: Flow, place: int, mine: str) -> int:
    """The units into a temporary table on each side; how many they are."""
    name = sql.units_name(place)
    types = {column.name: column.type for column in flow.columns}
    items = ", ".join(f"unit[{i}]::{types[column.name]}" for i, column in enumerate(flow.unit, 1))
    run(target, f"DROP TABLE IF EXISTS {name}")
    run(source, f"DROP TABLE IF EXISTS {name}")
    run(target, sql.target_units(flow, place))
    units = run(target, f"INSERT INTO {name} SELECT DISTINCT {items} {mine}")
    run(source, sql.source_units(flow, place))
    copy(target, f"COPY ({sql.units_query(flow, place)}) TO STDOUT", source, f"COPY {name} FROM STDIN")
    for session in (source, target):
        run(session, f"ANALYZE {name}")
    return units
