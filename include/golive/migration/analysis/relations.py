"""Orphans of declared and of suspected foreign keys, and duplicates of what looks like a key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from golive.migration.analysis import profile_sql as sql
from golive.migration.analysis.values import ColumnProfile, Duplicates, Orphans
from golive.migration.comparing import Reader
from golive.migration.flaws import FOREIGN_KEYS, orphans_sql
from golive.migration.hashing import shape
from golive.migration.names import TableName, literal

_KEY_ENDINGS = ("_id", "_no", "_cd", "_code", "_key", "_num", "번호", "코드")
_ALIKE = 0.9


@dataclass(frozen=True)
class Known:
    """A table's columns with their types and the planner's ``n_distinct``, its primary key, and all unique column
    sets."""

    types: Mapping[str, str]
    distinct: Mapping[str, float]
    primary: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]


def orphans(reader: Reader, known: Mapping[TableName, Known], table: TableName) -> tuple[Orphans, ...]:
    """Of every declared key, and of every suspected one that has some: no orphans is no news there."""
    declared = tuple(_declared(reader, table))
    taken = {found.columns for found in declared}
    suspected = (
        Orphans((column,), str(parent), (key,), False, count)
        for column, parent, key in suspects(known, table)
        if (column,) not in taken and (count := reader.all(orphans_sql(table, parent, (column,), (key,)))[0][0])
    )
    return (*declared, *suspected)


def suspects(known: Mapping[TableName, Known], table: TableName) -> Iterator[tuple[str, TableName, str]]:
    """Columns named and typed as another table's only key column: ``cust_no`` → ``cust.cust_no``, ``cust_id`` →
    ``cust.id``. Yields (column, parent, its key)."""
    mine = known[table]
    for parent, other in known.items():
        if parent == table or len(other.primary) != 1:
            continue
        key = other.primary[0]
        names = {f"{parent.name}_{key}", f"{parent.name.removesuffix('s')}_{key}"} | ({key} if key != "id" else set())
        for column, kind in mine.types.items():
            comparable = kind == other.types[key] and shape(kind).base in sql.ORDERED | sql.TEXTS | {"uuid"}
            if column in names and comparable and (column,) not in mine.unique:
                yield column, parent, key


def duplicates(
    reader: Reader, about: Known, table: TableName, columns: tuple[ColumnProfile, ...], rows: int
) -> tuple[Duplicates, ...]:
    """Of columns that are named like a key and nearly all different, without being declared unique."""
    found = []
    for column in columns:
        looks = column.name.endswith(_KEY_ENDINGS) or column.name in ("id", "no", "code")
        alike = column.distinct is not None and rows and column.distinct >= _ALIKE * rows
        if looks and alike and (column.name,) not in about.unique:
            groups, doubled = reader.all(sql.duplicates(table, (column.name,)))[0]
            found += [Duplicates((column.name,), groups, doubled)] if groups else []
    return tuple(found)


def _declared(reader: Reader, table: TableName) -> Iterator[Orphans]:
    oid = f"ARRAY[{literal(table.sql)}::regclass::oid]"
    for _, _, _, schema, parent, full, ours, theirs, operators in reader.all(FOREIGN_KEYS.replace("%(tables)s", oid)):
        other = TableName(schema, parent)
        query = orphans_sql(table, other, tuple(ours), tuple(theirs), tuple(operators), full=full)
        yield Orphans(tuple(ours), str(other), tuple(theirs), True, reader.all(query)[0][0])
