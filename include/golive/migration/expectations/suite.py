"""Suites as values: what is expected of a target table. Proposed from the source's profile and the mapping; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from golive.migration.analysis.values import ColumnProfile, Profile, TableProfile
from golive.migration.flow import Classification, Flow, FlowColumn
from golive.migration.hashing import Shape, shape
from golive.migration.names import TableName, quoted

REGEX = {
    "resident_number": r"^[0-9]{6}-?[1-8][0-9]{6}$",
    "business_number": r"^[0-9]{3}-[0-9]{2}-[0-9]{5}$",
    "email": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
}
"""What a text that looked so on the source must look like on the target."""

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_TEXTS = frozenset({"character varying", "character"})


@dataclass(frozen=True)
class Expectation:
    """``kind`` and ``arguments`` are Great Expectations' own, as ``expect_column_values_to_be_unique``."""

    kind: str
    column: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """``classes`` say what may be shown of the target's columns; those that are not there are personal."""

    table: TableName
    expectations: tuple[Expectation, ...]
    classes: Mapping[str, Classification] = field(default_factory=dict)


def proposed(
    profile: Profile, flows: tuple[Flow, ...], required: Mapping[TableName, frozenset[str]]
) -> tuple[Suite, ...]:
    """One suite for each target table. ``required`` are its NOT NULL columns. The ranges of public columns alone are
    expected, since a suite is shown to people."""
    tables = {table.table: table for table in profile.tables}
    return tuple(_suite(tables, flow, required.get(flow.target, frozenset())) for flow in flows)


def as_json(suite: Suite) -> dict[str, Any]:
    """The suite in the form in which Great Expectations stores one."""
    return {
        "name": str(suite.table),
        "expectations": [{"type": each.kind, "kwargs": kwargs(each)} for each in suite.expectations],
    }


def kwargs(expectation: Expectation) -> dict[str, Any]:
    column = {} if expectation.column is None else {"column": expectation.column}
    return {**column, **expectation.arguments}


def _suite(tables: Mapping[str, TableProfile], flow: Flow, required: frozenset[str]) -> Suite:
    columns = Expectation(
        "expect_table_columns_to_match_set", None, {"column_set": list(flow.names), "exact_match": False}
    )
    found = [columns, *_key(flow), *(_not_null(name) for name in flow.names if name in required or name in flow.key)]
    for column in flow.columns:
        found += _of_column(column, _origin(tables, flow, column))
    return Suite(flow.target, tuple(found), {column.name: column.classification for column in flow.columns})


def _key(flow: Flow) -> Iterator[Expectation]:
    if len(flow.key) == 1:
        yield Expectation("expect_column_values_to_be_unique", flow.key[0])
    elif flow.key:
        yield Expectation("expect_compound_columns_to_be_unique", None, {"column_list": list(flow.key)})


def _not_null(name: str) -> Expectation:
    return Expectation("expect_column_values_to_not_be_null", name)


def _of_column(column: FlowColumn, origin: ColumnProfile | None) -> Iterator[Expectation]:
    kind = shape(column.type)
    if kind.base in _TEXTS and kind.modifier:
        limit = {"max_value": int(kind.modifier)}
        yield Expectation("expect_column_value_lengths_to_be_between", column.name, limit)
    if origin is None:
        return
    if origin.looks_like in REGEX and not any(each.kind.startswith("not_") for each in origin.troubles):
        yield Expectation("expect_column_values_to_match_regex", column.name, {"regex": REGEX[origin.looks_like]})
    yield from _range(column, kind, origin)


def _range(column: FlowColumn, kind: Shape, origin: ColumnProfile) -> Iterator[Expectation]:
    """Nothing outside what the source has, where that may be said and both are numbers."""
    public = column.classification is Classification.PUBLIC and origin.smallest is not None
    if public and kind.base in _NUMBERS and shape(origin.type).base in _NUMBERS:
        ends = [_number(end) for end in (origin.smallest, origin.largest)]
        if None not in ends:
            yield Expectation(
                "expect_column_values_to_be_between", column.name, {"min_value": ends[0], "max_value": ends[1]}
            )


def _number(text: str | None) -> int | float | None:
    """None for what JSON cannot say."""
    try:
        return int(text or "")
    except ValueError:
        number = float(text or "nan")
        return number if number == number and abs(number) != float("inf") else None


def _origin(tables: Mapping[str, TableProfile], flow: Flow, column: FlowColumn) -> ColumnProfile | None:
    """The source column that a target column is, where the mapping takes it as it is."""
    for source in flow.sources:
        table = tables.get(str(source.table))
        for found in table.columns if table else ():
            if column.expression in (f"s.{quoted(found.name)}", f"s.{found.name}"):
                return found
    return None
