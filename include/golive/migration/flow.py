"""A flow: one SELECT on the source that yields the rows of one target table. Made by ``mapping``; pure.

The engine sees only flows. ``S`` is the alias of the source in every expression.
"""

from dataclasses import dataclass
from enum import StrEnum

from golive.migration.names import TableName, columns, quoted

S = "s"


class Classification(StrEnum):
    """What may be shown of a column's values. Nothing said means personal: shown as a keyed hash, or masked."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"


@dataclass(frozen=True)
class FlowColumn:
    """A column of the target and the SQL expression over ``s`` that gives it.

    ``type`` is the target's type as ``format_type`` shows it; ``wire`` the type to which the source casts the
    expression, one that the source knows too and whose binary form is the target's (a domain's base, text for an
    enum); None where only the text form can travel.
    """

    name: str
    expression: str
    type: str
    wire: str | None
    classification: Classification = Classification.PERSONAL


@dataclass(frozen=True)
class UnitColumn:
    """A target column that identifies a unit, the wire type in which both sides compare it, and its expression over a
    row ``u`` of changed units whose columns are named ``u1``, ``u2``, … (the captured source columns, in order)."""

    name: str
    wire: str
    expression: str


@dataclass(frozen=True)
class Source:
    """A source table of a flow. ``unit`` are its columns that identify the unit, in the flow's order; an empty one
    (a lookup) means that any change makes every unit changed."""

    table: TableName
    unit: tuple[str, ...]


@dataclass(frozen=True)
class Cleansing:
    """A rule by which the mapping changes values that are not fit. ``condition`` over ``s`` is true for the rows that
    it touches; ``column`` is the target's; ``why`` are the mapping's words."""

    name: str
    column: str
    condition: str
    why: str


@dataclass(frozen=True)
class Reject:
    """Rows that the mapping leaves behind, by its explicit word. ``condition`` over ``s`` is true for exactly those,
    and no row for which it is passes the flow's ``where``."""

    name: str
    condition: str
    why: str


@dataclass(frozen=True)
class Flow:
    """``relation`` is a FROM item on the source, aliased ``s``: a table, or a parenthesized query.

    ``key`` are the target's primary or unique key columns, empty when it has none (such a flow can be loaded and
    compared as a multiset, and its changes cannot be followed). ``pages`` are the relations to chunk by ctid when
    ``relation`` is a table (its leaves when it is partitioned); ``split`` is an integer column of ``s`` to chunk a
    query by; with neither the flow is one chunk. ``unit_types`` are the source types of the captured unit columns.
    ``truncate`` allows rows that stand in the target table at the beginning to be thrown away; ``heirs``: other tables
    inherit from the target table, and their rows are not this flow's.
    """

    name: str
    target: TableName
    columns: tuple[FlowColumn, ...]
    key: tuple[str, ...]
    relation: str
    where: str
    sources: tuple[Source, ...]
    unit: tuple[UnitColumn, ...]
    unit_types: tuple[str, ...]
    pages: tuple[TableName, ...] = ()
    split: str | None = None
    truncate: bool = False
    cleansing: tuple[Cleansing, ...] = ()
    rejects: tuple[Reject, ...] = ()
    heirs: bool = False

    @property
    def target_rows(self) -> str:
        """The target's rows that are this flow's, as FROM and DELETE take them."""
        return f"ONLY {self.target.sql}" if self.heirs else self.target.sql

    @property
    def binary(self) -> bool:
        """Whether every column's binary form is the same on both sides."""
        return all(column.wire is not None for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def name_list(self) -> str:
        """The target's columns as SQL, in the order in which rows travel."""
        return columns(self.names)

    def select(self, *conditions: str, relation: str = "") -> str:
        """The SELECT whose rows travel, in the order of ``columns``; ``relation`` replaces the FROM item (a leaf)."""
        items = ", ".join(f"{_travelling(column)} AS {quoted(column.name)}" for column in self.columns)
        wanted = [f"({text})" for text in (self.where, *conditions) if text]
        condition = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        return f"SELECT {items} FROM {relation or self.relation} {S}{condition}"


def _travelling(column: FlowColumn) -> str:
    return f"({column.expression})::{column.wire or 'text'}"
