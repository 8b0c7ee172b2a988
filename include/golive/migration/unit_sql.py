"""Changed units and their rows: the temporary tables of a pass, as SQL; pure.

On both sides ``golive_units_N`` holds the changed units of the N-th flow in columns ``w1``, ``w2``, …; on the target
``golive_rows_N`` holds the rows of those units, or of the whole flow where every unit changed.
"""

import re
from dataclasses import dataclass

from golive.migration.flow import Flow, S, UnitColumn
from golive.migration.names import columns, literal, quoted

_CAPTURED = re.compile(r'\(*\s*u\.(?:"u(\d+)"|u(\d+))\s*\)*')
_WIDENS = {
    "smallint": {"integer", "bigint", "numeric", "text"},
    "integer": {"bigint", "numeric", "text"},
    "bigint": {"numeric", "text"},
    "character varying": {"text"},
    "character": {"text"},
    "name": {"text"},
    "uuid": {"text"},
}
"""Casts that keep different values different, so that the source's own columns, and their indexes, may be compared."""


@dataclass(frozen=True)
class Changes:
    """The changes of some captured tables; ``relation`` is what they are read from."""

    numbers: tuple[int, ...]
    relation: str


def units_name(place: int) -> str:
    return f"golive_units_{place}"


def rows_name(place: int) -> str:
    return f"golive_rows_{place}"


def source_units(flow: Flow, place: int) -> str:
    """An empty table on the source, with the types and collations of what its units are compared with."""
    items = ", ".join(f"{_compared(flow, i)} AS w{i}" for i in _numbers(flow))
    made = f"CREATE TEMPORARY TABLE {units_name(place)} ON COMMIT DROP AS SELECT {items}"
    return f"{made} FROM {flow.relation} {S} WITH NO DATA"


def fill_units(flow: Flow, place: int, found: Changes) -> str:
    """The changed units, each once, from the changes of the flow's captured tables."""
    captured = ", ".join(f"unit[{i}]::{name} AS u{i}" for i, name in enumerate(flow.unit_types, 1))
    items = ", ".join(_unit_value(flow, i) for i in _numbers(flow))
    changes = f"SELECT {captured} FROM {found.relation} c WHERE source IN ({_list(found.numbers)}) AND unit IS NOT NULL"
    return f"INSERT INTO {units_name(place)} SELECT DISTINCT {items} FROM ({changes}) u"


def units_query(flow: Flow, place: int) -> str:
    """The units as they travel, as text."""
    items = ", ".join(f"w{i}::{column.wire}" for i, column in enumerate(flow.unit, 1))
    return f"SELECT {items} FROM {units_name(place)}"


def holds_null(flow: Flow, place: int) -> str:
    return (
        f"SELECT EXISTS (SELECT FROM {units_name(place)} WHERE {' OR '.join(f'w{i} IS NULL' for i in _numbers(flow))})"
    )


def source_condition(flow: Flow, place: int, nulls: bool = False) -> str:
    """Which rows of the flow belong to changed units. ``nulls``: whether a unit may be NULL.

    One column of a query is compared with an array, which the planner hands down into the query as it does a
    constant; a join would be made after the query's own work.
    """
    name = units_name(place)
    if len(flow.unit) == 1 and not nulls and flow.relation.startswith("("):
        return f"{_compared(flow, 1)} = ANY (ARRAY(SELECT w1 FROM {name}))"
    pairs = " AND ".join(_same(f"u.w{i}", _compared(flow, i), nulls) for i in _numbers(flow))
    return f"EXISTS (SELECT FROM {name} u WHERE {pairs})"


def target_units(flow: Flow, place: int) -> str:
    items = ", ".join(f"t.{quoted(column.name)} AS w{i}" for i, column in enumerate(flow.unit, 1))
    return f"CREATE TEMPORARY TABLE {units_name(place)} AS SELECT {items} FROM {flow.target.sql} t WITH NO DATA"


def target_rows(flow: Flow, place: int) -> str:
    items = columns(flow.names, "t")
    return f"CREATE TEMPORARY TABLE {rows_name(place)} AS SELECT {items} FROM {flow.target.sql} t WITH NO DATA"


def target_condition(flow: Flow, place: int, nulls: bool = False) -> str:
    """Which rows ``t`` of the target belong to changed units."""
    pairs = " AND ".join(_same(f"u.w{i}", f"t.{quoted(c.name)}", nulls) for i, c in enumerate(flow.unit, 1))
    return f"EXISTS (SELECT FROM {units_name(place)} u WHERE {pairs})"


def count_changes(numbers: tuple[int, ...], relation: str) -> str:
    """Per captured table: how many changes, and whether one of them is of every unit."""
    return (
        f"SELECT source, count(*), bool_or(unit IS NULL) FROM {relation} c"
        f" WHERE source IN ({_list(numbers)}) GROUP BY source"
    )


def consume(numbers: tuple[int, ...]) -> str:
    """Deletes the changes whose effect this snapshot shows; one that came by the log may be ahead of its commit."""
    seen = "(xid IS NULL OR pg_visible_in_snapshot(xid, pg_current_snapshot()))"
    return f"DELETE FROM golive_capture.change WHERE source IN ({_list(numbers)}) AND {seen}"


def remember_units(flow: Flow, place: int, migration: str, number: int, whole: bool) -> str:
    """Notes what has changed since the full verification."""
    unit = "NULL::text[]" if whole else "ARRAY[" + ", ".join(f"w{i}::text" for i in _numbers(flow)) + "]"
    origin = "" if whole else f" FROM {units_name(place)}"
    return (
        "INSERT INTO golive_migration.changed_unit (migration, flow, pass, unit)"
        f" SELECT {literal(migration)}, {literal(flow.name)}, {number}, {unit}{origin}"
    )


def _numbers(flow: Flow) -> range:
    return range(1, len(flow.unit) + 1)


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"


def _same(left: str, right: str, nulls: bool) -> str:
    return f"{left} {'IS NOT DISTINCT FROM' if nulls else '='} {right}"


def _compared(flow: Flow, place: int) -> str:
    """What a row ``s`` of the flow has for a unit column."""
    column = flow.unit[place - 1]
    expression = next(found.expression for found in flow.columns if found.name == column.name)
    return f"({expression})" if _direct(flow, column, expression) else f"({expression})::{column.wire}"


def _unit_value(flow: Flow, place: int) -> str:
    column = flow.unit[place - 1]
    expression = next(found.expression for found in flow.columns if found.name == column.name)
    return column.expression if _direct(flow, column, expression) else f"({column.expression})::{column.wire}"


def _direct(flow: Flow, column: UnitColumn, expression: str) -> bool:
    """Whether the captured column itself is the unit, so that no cast stands between it and its index."""
    match = _CAPTURED.fullmatch(column.expression)
    plain = re.fullmatch(r'\(*\s*s\.("(?:[^"]|"")+"|\w+)\s*\)*', expression)
    if not match or not plain:
        return False
    base = re.sub(r"\([^)]*\)", "", flow.unit_types[int(match[1] or match[2]) - 1])
    return base == column.wire or column.wire in _WIDENS.get(base, ())
