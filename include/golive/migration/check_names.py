"""Names in a mapping that must exist, each once; over both catalogues, pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from golive.migration.draft import chosen
from golive.migration.mapping import EVERY, DataMapping, Lookup, TableMapping
from golive.migration.mapping_shapes import table_name, written
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Table
from golive.release.errors import Finding, Path, shown_key
from golive.release.names import best
from golive.release.references import listed


def name_findings(mapping: DataMapping, source: Catalogue, target: Catalogue) -> Iterator[Finding]:
    yield from _schemas(mapping, source, target)
    for title, lookup in mapping.lookups.items():
        yield from _lookup(("lookups", title), lookup, source)
    twice = Counter(table_name(path) for path in mapping.tables)
    for path, spec in mapping.tables.items():
        name, place = table_name(path), ("tables", path)
        if twice[name] > 1:
            yield Finding(place, "mapping.table_twice", {"name": _shown(name)}, at_key=True)
        yield from _target(place, name, mapping, target)
        yield from _table(place, name, spec, mapping, source, target)
    for path, columns in mapping.ignore.items():
        yield from known_table(("ignore", path), path, source)
        yield from known_columns(("ignore", path), [name for name in columns if name != EVERY], source, path)


def known_table(place: Path, path: str, catalogue: Catalogue, at_key: bool = True) -> Iterator[Finding]:
    name = table_name(path)
    if name not in catalogue.tables:
        names = [written(known) for known in catalogue.tables]
        data = {"name": _shown(name), "database": catalogue.database}
        yield Finding(place, "mapping.unknown_table", data, best(written(name), names), at_key=at_key)


def known_columns(place: Path, names: Iterable[str], catalogue: Catalogue, path: str) -> Iterator[Finding]:
    table = catalogue.tables.get(table_name(path))
    if table is not None:
        yield from _known(place, names, [column.name for column in table.columns], str(table.name))


def _known(place: Path, names: Iterable[str], known: Collection[str], table: str) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            data = {"name": shown_key(name), "table": shown_key(table), "known": listed(known)}
            yield Finding((*place, name), "mapping.unknown_column", data, best(name, known), at_key=True)


def _schemas(mapping: DataMapping, source: Catalogue, target: Catalogue) -> Iterator[Finding]:
    there, here = ({name.schema for name in side.tables} for side in (source, target))
    for origin, to in mapping.schemas.items():
        place = ("schemas", origin)
        if origin not in there:
            yield Finding(
                place, "mapping.unknown_schema", {"name": shown_key(origin)}, best(origin, there), at_key=True
            )
        if to not in here:
            yield Finding(place, "mapping.unknown_schema", {"name": shown_key(to)}, best(to, here))
    for to, count in Counter(mapping.schemas.values()).items():
        if count > 1:
            yield Finding(("schemas",), "mapping.schema_twice", {"name": shown_key(to)})


def _target(place: Path, name: TableName, mapping: DataMapping, target: Catalogue) -> Iterator[Finding]:
    table = target.tables.get(name)
    if table is None:
        yield from known_table(place, written(name), target)
    elif table.partition_of is not None:
        yield Finding(place, "mapping.partition", {"root": _shown(table.partition_of)}, at_key=True)
    elif not table.stores_rows:
        yield Finding(place, "mapping.not_a_table", {"name": _shown(name)}, at_key=True)
    if not chosen(mapping, name):
        yield Finding(place, "mapping.excluded", {"name": _shown(name)}, at_key=True)


def _table(
    place: Path, name: TableName, spec: TableMapping, mapping: DataMapping, source: Catalogue, target: Catalogue
) -> Iterator[Finding]:
    if spec.source is not None and spec.query is not None:
        yield Finding((*place, "query"), "mapping.from_and_query", at_key=True)
    if spec.source is not None:
        yield from known_table((*place, "from"), spec.source, source, at_key=False)
    if spec.query is not None and not spec.reads:
        yield Finding((*place, "query"), "mapping.query_without_reads", at_key=True)
    for path, columns in spec.reads.items():
        yield from known_table((*place, "reads", path), path, source)
        yield from known_columns((*place, "reads", path), columns, source, path)
    for column, use in spec.lookups.items():
        if use.lookup not in mapping.lookups:
            data = {"name": use.lookup, "known": listed(mapping.lookups)}
            where = (*place, "lookups", column, "in")
            yield Finding(where, "mapping.unknown_lookup", data, best(use.lookup, mapping.lookups))
        if (use.missing == "default") != (use.default is not None):
            yield Finding((*place, "lookups", column, "missing"), "mapping.lookup_default")
    if name in target.tables:
        yield from _columns(place, spec, target.tables[name])


def _columns(place: Path, spec: TableMapping, table: Table) -> Iterator[Finding]:
    known, name = [column.name for column in table.columns], str(table.name)
    sections = {
        "columns": spec.columns,
        "constants": spec.constants,
        "lookups": spec.lookups,
        "defaults": spec.defaults,
    }
    for section, names in {**sections, "classify": spec.classify, "accept": spec.accept}.items():
        yield from _known((*place, section), names, known, name)
    for section, names in {"key": spec.key, "unit": spec.unit}.items():
        yield from _known((*place, section), names, known, name)
    for number, rule in enumerate(spec.clean):
        yield from _known((*place, "clean", number, "column"), [rule.column], known, name)
    generated = {column.name for column in table.columns if column.generated}
    said: set[str] = set()
    for section, names in sections.items():
        for column in names:
            if column in said:
                yield Finding(
                    (*place, section, column), "mapping.column_twice", {"name": shown_key(column)}, at_key=True
                )
            if column in generated:
                yield Finding((*place, section, column), "mapping.generated", {"name": shown_key(column)}, at_key=True)
            said.add(column)
    yield from _split(place, spec)


def _split(place: Path, spec: TableMapping) -> Iterator[Finding]:
    if spec.split is None:
        return
    if spec.query is not None:
        yield Finding((*place, "split"), "mapping.split_of_query", at_key=True)
    for number, row in enumerate(spec.split.rows):
        if len(row) != len(spec.split.columns):
            data = {"found": len(row), "wanted": len(spec.split.columns)}
            yield Finding((*place, "split", "rows", number), "mapping.split_row", data)


def _lookup(place: Path, lookup: Lookup, source: Catalogue) -> Iterator[Finding]:
    if (lookup.table is None) == (not lookup.rows):
        yield Finding(place, "mapping.lookup_of_nothing", at_key=True)
    if lookup.table is None:
        return
    yield from known_table((*place, "table"), lookup.table, source, at_key=False)
    if lookup.key is None or lookup.value is None:
        yield Finding(place, "mapping.lookup_columns", at_key=True)
        return
    for section, column in {"key": lookup.key, "value": lookup.value}.items():
        yield from known_columns((*place, section), [column], source, lookup.table)


def _shown(name: TableName) -> str:
    return shown_key(str(name))
