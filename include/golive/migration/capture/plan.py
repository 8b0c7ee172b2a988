"""Which tables are watched, and by which columns; pure."""

from dataclasses import dataclass

from golive.migration.flow import Flow
from golive.migration.names import TableName


@dataclass(frozen=True)
class Watched:
    """A source table by the columns of a unit; without any, each change of it makes every unit changed."""

    table: TableName
    unit: tuple[str, ...]
    plain: bool
    """Whether the text of the columns is the same in every session, whatever its settings."""


@dataclass(frozen=True)
class Captured:
    """A ``Watched`` that the source knows by a number."""

    number: int
    table: TableName
    unit: tuple[str, ...]


PLAIN_TYPES = ("smallint", "integer", "bigint", "numeric", "text", "character", "uuid", "boolean", "name")


def watched(flows: tuple[Flow, ...]) -> tuple[Watched, ...]:
    """Each table of ``flows`` once for each set of columns that identify a unit."""
    found: dict[tuple[TableName, tuple[str, ...]], Watched] = {}
    for flow in flows:
        for source in flow.sources:
            types = flow.unit_types if source.unit else ()
            plain = all(_plain(name) for name in types)
            before = found.get((source.table, source.unit))
            plain = plain and (before is None or before.plain)
            found[source.table, source.unit] = Watched(source.table, source.unit, plain)
    return tuple(found.values())


def by_table(items: tuple[Captured, ...]) -> dict[TableName, tuple[Captured, ...]]:
    """What is captured of each table, the lowest number first."""
    tables: dict[TableName, list[Captured]] = {}
    for item in sorted(items, key=lambda one: one.number):
        tables.setdefault(item.table, []).append(item)
    return {table: tuple(found) for table, found in tables.items()}


def _plain(type_name: str) -> bool:
    return "[" not in type_name and type_name.startswith(PLAIN_TYPES)
