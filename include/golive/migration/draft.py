"""What a mapping says of one target table, looked up in both catalogues; pure.

A draft stands also for a mapping that is wrong: what it names and nobody has is left out, and ``check`` tells of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from golive.migration.expressions import cleansed, constant, looked_up
from golive.migration.flow import S
from golive.migration.mapping import DataMapping, Lookup, TableMapping
from golive.migration.mapping_shapes import table_name, written
from golive.migration.names import TableName, quoted
from golive.migration.objects import Catalogue, Column, Table
from golive.migration.sql_words import lone_column
from golive.migration.wire import wire_of
from golive.release.errors import Path


class Origin(Enum):
    """Where the value of a target column comes from; its value is the section of the mapping that says so."""

    SAME = "same name"
    EXPRESSION = "columns"
    CONSTANT = "constants"
    LOOKUP = "lookups"


@dataclass(frozen=True)
class Given:
    """One target column and what gives it. ``plain`` is the source column that it is, unchanged; ``source`` that
    column where the catalogue knows it."""

    target: Column
    origin: Origin
    expression: str
    plain: str | None = None
    source: Column | None = None

    @property
    def wire(self) -> str | None:
        return wire_of(self.target)


@dataclass(frozen=True)
class Draft:
    """``path`` is how the mapping writes the table, or would; ``spoken``: whether it says anything of it."""

    path: str
    spoken: bool
    spec: TableMapping
    target: Table
    source: Table | None
    given: tuple[Given, ...] = ()
    lookup_tables: tuple[TableName, ...] = ()
    reads: Mapping[TableName, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(given.target.name for given in self.given)

    @property
    def key(self) -> tuple[str, ...]:
        """The declared key, or the target's first whose columns all are given."""
        return self.spec.key or next((key for key in self.target.keys if self.names.issuperset(key)), ())

    @property
    def source_columns(self) -> frozenset[str]:
        return frozenset(column.name for column in self.source.columns) if self.source else frozenset()


_SILENT = TableMapping()


def drafts(mapping: DataMapping, source: Catalogue, target: Catalogue) -> tuple[Draft, ...]:
    """One for each target table that rows can be written into and that has a source."""
    specs = {table_name(path): (path, spec) for path, spec in mapping.tables.items()}
    found = []
    for table in target.roots:
        if not chosen(mapping, table.name):
            continue
        path, spec = specs.get(table.name, (written(table.name), _SILENT))
        origin = _source(mapping, spec, table.name, source)
        if origin is not None or spec.query is not None:
            found.append(_draft(Draft(path, table.name in specs, spec, table, origin), mapping))
    return tuple(found)


def chosen(mapping: DataMapping, name: TableName) -> bool:
    """Whether ``include`` and ``exclude`` leave a table in."""
    included = not mapping.include or _matches(name, mapping.include)
    return included and not _matches(name, mapping.exclude)


def _matches(name: TableName, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(str(name), pattern) for pattern in patterns)


def _source(mapping: DataMapping, spec: TableMapping, target: TableName, source: Catalogue) -> Table | None:
    if spec.query is not None:
        return None
    if spec.source is not None:
        return source.tables.get(table_name(spec.source))
    return source.tables.get(came_from(mapping, target))


def came_from(mapping: DataMapping, target: TableName) -> TableName:
    """The source table that a target table has by its name alone."""
    schemas = {to: origin for origin, to in mapping.schemas.items()}
    return TableName(schemas.get(target.schema, target.schema), target.name)


def _draft(draft: Draft, mapping: DataMapping) -> Draft:
    spec = draft.spec
    used = [mapping.lookups[use.lookup] for use in spec.lookups.values() if use.lookup in mapping.lookups]
    return Draft(
        draft.path,
        draft.spoken,
        spec,
        draft.target,
        draft.source,
        given=tuple(_all_given(draft, mapping.lookups)),
        lookup_tables=tuple(dict.fromkeys(table_name(lookup.table) for lookup in used if lookup.table)),
        reads={table_name(path): names for path, names in spec.reads.items()},
    )


def _all_given(draft: Draft, lookups: Mapping[str, Lookup]) -> Iterator[Given]:
    for column in draft.target.columns:
        given = None if column.generated or column.name in draft.spec.defaults else _given(draft, column, lookups)
        if given is not None:
            rules = [rule for rule in draft.spec.clean if rule.column == column.name]
            yield Given(column, given.origin, cleansed(given.expression, rules)) if rules else given


def _given(draft: Draft, column: Column, lookups: Mapping[str, Lookup]) -> Given | None:
    spec, name = draft.spec, column.name
    if name in spec.columns:
        return _expressed(draft, column, spec.columns[name])
    if name in spec.constants:
        return Given(column, Origin.CONSTANT, constant(spec.constants[name], wire_of(column)))
    if name in spec.lookups:
        use = spec.lookups[name]
        lookup = lookups.get(use.lookup)
        return Given(column, Origin.LOOKUP, looked_up(use, lookup, wire_of(column))) if lookup else None
    offered = spec.query is not None or (spec.split is not None and name in spec.split.columns)
    if offered or name in draft.source_columns:
        return _same(draft, column, name, Origin.SAME)
    return None


def _expressed(draft: Draft, column: Column, text: str) -> Given:
    """``s.name`` is that column itself, however it is quoted."""
    name = lone_column(text)
    if name is not None and name in draft.source_columns:
        return _same(draft, column, name, Origin.EXPRESSION)
    return Given(column, Origin.EXPRESSION, text)


def _same(draft: Draft, column: Column, name: str, origin: Origin) -> Given:
    source = draft.source.column(name) if draft.source else None
    if draft.spec.split is not None and name in draft.spec.split.columns:
        source = None
    return Given(column, origin, f"{S}.{quoted(name)}", name, source)


def place_of(draft: Draft, given: Given) -> Path:
    """Where the mapping says what a column is: its own line, or its table's where it says nothing."""
    if given.origin is Origin.SAME:
        return ("tables", draft.path)
    return ("tables", draft.path, given.origin.value, given.target.name)
