"""Columns that nothing fills, and source columns that go nowhere; pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from golive.migration.draft import Draft, came_from, chosen
from golive.migration.flow import S
from golive.migration.mapping import EVERY, DataMapping
from golive.migration.mapping_shapes import table_name, written
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Column
from golive.migration.sql_words import has_star, mentioned, takes_whole_row
from golive.release.errors import Finding, shown_key
from golive.release.names import best


def missing_findings(drafts: Iterable[Draft]) -> Iterator[Finding]:
    """Target columns that must have a value and get none."""
    for draft in drafts:
        place = ("tables", draft.path)
        for column in draft.target.columns:
            if column.name in draft.names or column.generated:
                continue
            name = shown_key(column.name)
            if column.not_null and not column.fills_itself:
                near = best(column.name, draft.source_columns)
                yield Finding(place, "mapping.column_missing", {"name": name}, near, at_key=True)
            elif any(column.name in key for key in draft.target.keys[:1]) and not draft.spec.key:
                yield Finding(place, "mapping.key_missing", {"name": name}, at_key=True)
        if draft.spec.reads and draft.spec.query and not draft.spec.unit and any(draft.reads.values()):
            yield Finding((*place, "reads"), "mapping.unit_missing", at_key=True)


def dropped_findings(
    mapping: DataMapping, drafts: tuple[Draft, ...], source: Catalogue, target: Catalogue
) -> Iterator[Finding]:
    """Source tables and columns that no target has, and that nobody dropped knowingly."""
    ignored = {table_name(path): (path, names) for path, names in mapping.ignore.items()}
    used = _used(drafts)
    named = {table_name(spec.source) for spec in mapping.tables.values() if spec.source is not None}
    for table in source.roots:
        _, names = ignored.get(table.name, ("", ()))
        if EVERY in names or _excluded(mapping, table.name, target):
            continue
        if table.name not in used and table.name in named:
            continue  # its target is what is wrong
        if table.name not in used:
            data = {"name": shown_key(str(table.name)), "path": shown_key(written(table.name))}
            yield Finding(("tables",), "mapping.table_dropped", data, at_key=True)
            continue
        mention, first = used[table.name]
        for column in table.columns:
            if mention is not None and column.name not in mention and column.name not in names and not column.generated:
                yield _dropped(column, table.name, first)


def _dropped(column: Column, table: TableName, draft: Draft) -> Finding:
    data = {"name": shown_key(column.name), "table": shown_key(str(table)), "path": shown_key(written(table))}
    free = [wanted.name for wanted in draft.target.columns if wanted.name not in draft.names]
    return Finding(("tables", draft.path), "mapping.column_dropped", data, best(column.name, free), at_key=True)


def _excluded(mapping: DataMapping, name: TableName, target: Catalogue) -> bool:
    """Whether its like-named target is left out of the migration, so that it is not meant to travel."""
    to = TableName(mapping.schemas.get(name.schema, name.schema), name.name)
    return not chosen(mapping, to) and (came_from(mapping, to) == name or to not in target.tables)


_Used = dict[TableName, tuple[frozenset[str] | None, Draft]]
"""Per source table the names mentioned where it is read, None for all, and the first draft that reads it."""


def _used(drafts: tuple[Draft, ...]) -> _Used:
    found: dict[TableName, list[frozenset[str] | None]] = defaultdict(list)
    first: dict[TableName, Draft] = {}
    for draft in drafts:
        mention = _mention(draft)
        tables = [*([draft.source.name] if draft.source else []), *draft.reads, *draft.lookup_tables]
        for table in tables:
            first.setdefault(table, draft)
            whole = table in draft.lookup_tables
            found[table].append(None if whole or mention is None else mention)
    return {
        table: (None if None in mentions else frozenset().union(*(m for m in mentions if m is not None)), first[table])
        for table, mentions in found.items()
    }


def _mention(draft: Draft) -> frozenset[str] | None:
    """The names in everything a draft says; None when a whole row is taken."""
    spec = draft.spec
    texts = [given.expression for given in draft.given]
    texts += [*spec.columns.values(), spec.where or "", spec.query or "", *(use.of for use in spec.lookups.values())]
    texts += [text for row in spec.split.rows for text in row] if spec.split else []
    texts += [text for rule in spec.clean for text in (rule.when, rule.sql)]
    if any(takes_whole_row(text, S) for text in texts) or has_star(spec.query or ""):
        return None
    plain = {given.plain for given in draft.given if given.plain is not None}
    return mentioned(texts) | plain | {name for names in draft.reads.values() for name in names}
