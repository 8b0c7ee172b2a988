"""A mapping and two catalogues become flows, parents first; pure."""

from golive.migration.draft import Draft, Given, drafts
from golive.migration.expressions import cleansings, filtered, rejections
from golive.migration.flow import Classification, Flow, FlowColumn
from golive.migration.mapping import DataMapping
from golive.migration.names import columns
from golive.migration.objects import Catalogue, Column, Table
from golive.migration.order import parents_first
from golive.migration.sql_words import closed
from golive.migration.units import sources_of, unit_of


def identity_flows(source: Catalogue, target: Catalogue) -> tuple[Flow, ...]:
    """The flows of tables and columns that both sides have by the same names."""
    return flows(DataMapping(), source, target)


def flows(mapping: DataMapping, source: Catalogue, target: Catalogue) -> tuple[Flow, ...]:
    """A flow for each target table that has a source, of a mapping that ``check`` has passed."""
    made = {draft.target.name: flow_of(draft, source) for draft in drafts(mapping, source, target)}
    return tuple(made[name] for name in parents_first(made, target))


def flow_of(draft: Draft, source: Catalogue) -> Flow:
    unit = unit_of(draft)
    table = draft.source
    types = {column.name: column.type for column in _first_table(draft, source)}
    return Flow(
        name=str(draft.target.name),
        target=draft.target.name,
        columns=tuple(_column(draft, given) for given in draft.given),
        key=draft.key,
        relation=relation_of(draft),
        where=filtered(draft.spec.where, draft.spec.reject),
        sources=sources_of(draft, unit),
        unit=unit.columns,
        unit_types=tuple(types.get(name, "text") for name in unit.captured),
        pages=table.leaves if table and table.kind in ("r", "p", "m") and not draft.spec.split else (),
        split=_split(draft),
        truncate=draft.spec.truncate,
        cleansing=cleansings(draft.spec.clean),
        heirs=draft.target.kind == "r" and bool(draft.target.children),
        rejects=rejections(draft.spec.where, draft.spec.reject),
    )


def relation_of(draft: Draft) -> str:
    """The FROM item of a draft: a table, a query, or a table whose rows become several."""
    if draft.source is None:
        return f"({closed(draft.spec.query or '')})"
    item = from_item(draft.source)
    split = draft.spec.split
    if split is None:
        return item
    rows = ", ".join(f"({', '.join(closed(text) for text in row)})" for row in split.rows)
    return f"(SELECT s.*, e.* FROM {item} s CROSS JOIN LATERAL (VALUES {rows}) e ({columns(split.columns)}))"


def _column(draft: Draft, given: Given) -> FlowColumn:
    shown = Classification(draft.spec.classify.get(given.target.name, Classification.PERSONAL))
    return FlowColumn(given.target.name, closed(given.expression), given.target.type, given.wire, shown)


def _first_table(draft: Draft, source: Catalogue) -> tuple[Column, ...]:
    if draft.source is not None:
        return draft.source.columns
    first = [source.tables[name] for name in draft.reads if name in source.tables]
    return first[0].columns if first else ()


def _split(draft: Draft) -> str | None:
    """By what a query is chunked: what the mapping says, else the first number of a split table's primary key."""
    if draft.spec.split_by is not None or draft.source is None or draft.spec.split is None:
        return draft.spec.split_by
    first = draft.source.column(draft.source.primary_key[0]) if draft.source.primary_key else None
    return first.name if first is not None and first.base in ("smallint", "integer", "bigint") else None


def from_item(table: Table) -> str:
    """A table as FROM takes it. Rows of tables that inherit from it are theirs, and travel in their own flow."""
    return table.name.sql if table.kind != "r" or not table.children else f"ONLY {table.name.sql}"
