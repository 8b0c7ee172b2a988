"""A mapping and two catalogues become flows, parents first; pure."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from golive.migration.flow import Flow, FlowColumn, Source, UnitColumn
from golive.migration.names import TableName, quoted
from golive.migration.objects import Catalogue, Table
from golive.migration.wire import wire_of


def identity_flows(source: Catalogue, target: Catalogue) -> tuple[Flow, ...]:
    """The flows of tables and columns that both sides have by the same names."""
    wanted = [table.name for table in target.roots if table.name in source.tables]
    return tuple(_identity(source.tables[name], target.tables[name]) for name in parents_first(wanted, target))


def parents_first(names: Iterable[TableName], target: Catalogue) -> tuple[TableName, ...]:
    """Tables in an order in which a row's parents come before it; where keys form a circle, by name."""
    chosen = sorted(names)
    children: dict[TableName, list[TableName]] = {name: [] for name in chosen}
    missing: dict[TableName, int] = {}
    for name in chosen:
        parents = {key.references for key in target.tables[name].foreign_keys} & children.keys() - {name}
        missing[name] = len(parents)
        for parent in parents:
            children[parent].append(name)
    return tuple(_placed(chosen, children, missing))


def _placed(
    chosen: list[TableName], children: dict[TableName, list[TableName]], missing: dict[TableName, int]
) -> Iterator[TableName]:
    """Each once: those without a missing parent by name, else the next by name."""
    placed: set[TableName] = set()
    ready = [name for name in chosen if not missing[name]]
    rest = iter(chosen)
    while len(placed) < len(chosen):
        name = heappop(ready) if ready else next(rest)
        if name in placed:
            continue
        placed.add(name)
        yield name
        for child in children[name]:
            missing[child] -= 1
            if not missing[child]:
                heappush(ready, child)


def _identity(source: Table, target: Table) -> Flow:
    shared = [column for column in target.columns if not column.generated and source.column(column.name)]
    names = {column.name for column in shared}
    key = next((key for key in target.keys if names.issuperset(key)), ())
    wires = {column.name: wire_of(column) for column in shared}
    return Flow(
        name=str(target.name),
        target=target.name,
        columns=tuple(FlowColumn(c.name, f"s.{quoted(c.name)}", c.type, wires[c.name]) for c in shared),
        key=key,
        relation=from_item(source),
        where="",
        sources=(Source(source.name, key),),
        unit=tuple(UnitColumn(name, wires[name] or "text", f"u.u{place}") for place, name in enumerate(key, 1)),
        unit_types=tuple(column.type for name in key if (column := source.column(name))),
        pages=source.leaves if source.stores_rows else (),
    )


def from_item(table: Table) -> str:
    """A table as FROM takes it. Rows of tables that inherit from it are theirs, and travel in their own flow."""
    return table.name.sql if table.kind != "r" or not table.children else f"ONLY {table.name.sql}"
