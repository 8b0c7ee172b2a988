"""Takes the profile of source tables: some scans of each, in one snapshot, writing nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from golive.migration.analysis import profile_sql as sql
from golive.migration.analysis.patterns import LOOKS_LIKE, TROUBLES, UNICODE_TROUBLES
from golive.migration.analysis.relations import Known, duplicates, orphans
from golive.migration.analysis.values import ColumnProfile, Profile, TableProfile, Trouble
from golive.migration.comparing import Reader, reading
from golive.migration.flow import Classification, Flow
from golive.migration.hashing import shape
from golive.migration.names import TableName, literal, quoted
from golive.migration.settings import Migration

NEARLY_ALL = 0.9
_COUNTABLE = 100_000

Kinds = Mapping[tuple[str, str], Classification]
"""(table, column) of the source → what may be shown of it."""


def profile(migration: Migration) -> Profile:
    """Of every source table of the flows. Raises ``ServerUnreachable``, ``ServerFailed``."""
    tables = tuple(dict.fromkeys(source.table for flow in migration.flows for source in flow.sources))
    with reading(migration.source) as reader:
        return profile_tables(reader, tables, kinds_of(migration.flows))


def profile_tables(reader: Reader, tables: Iterable[TableName], kinds: Kinds) -> Profile:
    """Of these tables; columns that ``kinds`` does not know are personal."""
    known = {table: _known(reader, table) for table in tables}
    return Profile(str(reader.endpoint), tuple(_table(reader, known, table, kinds) for table in known))


def kinds_of(flows: Iterable[Flow]) -> Kinds:
    """The source's columns that a flow takes as they are have the class of the target's column; the stricter of two."""
    strictness = list(Classification)
    found: dict[tuple[str, str], Classification] = {}
    for flow in flows:
        names = {f"s.{quoted(name)}": name for name in flow.names}
        for column in flow.columns:
            source = names.get(column.expression) or column.expression.removeprefix("s.").strip('"')
            for table in (str(each.table) for each in flow.sources):
                earlier = found.get((table, source), column.classification)
                found[table, source] = max(earlier, column.classification, key=strictness.index)
    return found


def _known(reader: Reader, table: TableName) -> Known:
    name = literal(table.sql)
    columns = reader.all(sql.COLUMNS.format(table=name))
    keys = reader.all(sql.KEYS.format(table=name))
    primary = next((tuple(names) for is_primary, names in keys if is_primary), ())
    types = {column: kind for column, kind, _ in columns}
    distinct = {column: estimate for column, _, estimate in columns if estimate is not None}
    return Known(types, distinct, primary, tuple(tuple(names) for _, names in keys))


def _table(reader: Reader, known: Mapping[TableName, Known], table: TableName, kinds: Kinds) -> TableProfile:
    about = known[table]
    texts = tuple(name for name, kind in about.types.items() if shape(kind).base in sql.TEXTS)
    looks = _looks(reader, table, texts) if texts else {}
    items = _items(reader, about, looks)
    row = reader.all(sql.figures(table, items))[0]
    rows, figures = row[0], dict(zip(items, row[1:], strict=True))
    size = reader.all(f"SELECT pg_total_relation_size({literal(table.sql)}::regclass)")[0][0]
    columns = tuple(_column(reader, table, about, name, rows, figures, looks, kinds) for name in about.types)
    return TableProfile(
        table=str(table),
        rows=rows,
        bytes=size,
        key=about.primary,
        columns=columns,
        orphans=orphans(reader, known, table),
        duplicates=duplicates(reader, about, table, columns, rows),
    )


def _looks(reader: Reader, table: TableName, texts: tuple[str, ...]) -> dict[str, str]:
    """Text column → what nearly all of its filled values in a sample look like."""
    row = list(reader.all(sql.looks(table, texts))[0])
    found = {}
    for name in texts:
        filled, *matching = (row.pop(0) for _ in range(1 + len(LOOKS_LIKE)))
        for look, count in zip(LOOKS_LIKE, matching, strict=True):
            if filled and count >= NEARLY_ALL * filled:
                found[name] = look
                break
    return found


def _items(reader: Reader, about: Known, looks: Mapping[str, str]) -> dict[str, str]:
    """Every aggregate of the one scan, by ``column.figure``."""
    version = reader.session.info.server_version
    patterns = TROUBLES if reader.recode else {**TROUBLES, **UNICODE_TROUBLES}
    items: dict[str, str] = {}
    for name, kind in about.types.items():
        value, base = quoted(name), shape(kind).base
        items[f"{name}.nulls"] = sql.counted(f"{value} IS NULL")
        if base in sql.TEXTS:
            items[f"{name}.shortest"], items[f"{name}.longest"] = f"min(length({value}))", f"max(length({value}))"
            items[f"{name}.!empty"] = sql.counted(f"{value} = ''")
            items |= {f"{name}.!{kind}": sql.counted(sql.matches(value, text)) for kind, text in patterns.items()}
            if name in looks:
                items[f"{name}.!not_{looks[name]}"] = sql.counted(sql.unfit(value, looks[name], version))
        if base in sql.ORDERED:
            items[f"{name}.smallest"], items[f"{name}.largest"] = f"min({value})::text", f"max({value})::text"
        odd = sql.ODD.get(base, {})
        items |= {f"{name}.!{kind}": sql.counted(condition.format(v=value)) for kind, condition in odd.items()}
    return items


def _column(
    reader: Reader,
    table: TableName,
    about: Known,
    name: str,
    rows: int,
    figures: Mapping[str, Any],
    looks: Mapping[str, str],
    kinds: Kinds,
) -> ColumnProfile:
    kind = kinds.get((str(table), name), Classification.PERSONAL)
    mine = {key.removeprefix(f"{name}."): found for key, found in figures.items() if key.startswith(f"{name}.")}
    public = kind is Classification.PUBLIC
    return ColumnProfile(
        name=name,
        type=about.types[name],
        classification=kind,
        nulls=mine["nulls"],
        distinct=_distinct(reader, table, about, name, rows),
        shortest=mine.get("shortest"),
        longest=mine.get("longest"),
        smallest=mine.get("smallest") if public else None,
        largest=mine.get("largest") if public else None,
        looks_like=looks.get(name),
        troubles=tuple(Trouble(key[1:], found) for key, found in mine.items() if key.startswith("!") and found),
    )


def _distinct(reader: Reader, table: TableName, about: Known, name: str, rows: int) -> int | None:
    """The planner's estimate; without one, the truth, where that costs little and the type has an order."""
    estimate = about.distinct.get(name)
    if estimate is not None:
        return round(-estimate * rows if estimate < 0 else estimate)
    base = shape(about.types[name]).base
    if rows > _COUNTABLE or base not in sql.ORDERED | sql.TEXTS:
        return None
    return int(reader.all(f"SELECT count(DISTINCT {quoted(name)}) FROM {table.sql}")[0][0])
