"""A database's catalogue, read in a dozen questions however many tables it has."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from golive.migration import catalogue_sql as sql
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Column, Constraint, Domain, ForeignKey, Index, Table, Trigger
from golive.migration.objects import Sequence as SequenceObject

_Row = tuple[Any, ...]
_Groups = dict[Any, list[_Row]]


def read_catalogue(session: psycopg.Connection[Any], schemas: Sequence[str] | None = None) -> Catalogue:
    """What stands in ``schemas``; in every schema but PostgreSQL's and ours when none are named.

    Read in one snapshot, or in the caller's transaction when one is open. The session's ``search_path`` must be
    ``pg_catalog``, as an endpoint's is: names of types and expressions would else lack their schemas.
    """
    fresh = session.info.transaction_status == TransactionStatus.IDLE
    with session.transaction():
        if fresh:
            session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _read(session, list(schemas) if schemas is not None else None)


def _read(session: psycopg.Connection[Any], schemas: list[str] | None) -> Catalogue:
    def ask(question: str) -> list[_Row]:
        return session.execute(question.encode(), {"schemas": schemas}).fetchall()

    database, version, large_objects = ask(sql.SERVER)[0]
    parts = {name: _grouped(ask(question)) for name, question in _PARTS.items()}
    return Catalogue(
        database=database,
        version=version,
        tables=_tables(ask(sql.TABLES), parts, _family(ask(sql.PARENTS))),
        sequences={found.name: found for found in map(_sequence, ask(sql.SEQUENCES))},
        enums={name: tuple(labels) for name, labels in ask(sql.ENUMS)},
        domains={row[0]: _domain(row) for row in ask(sql.DOMAINS)},
        composites={
            name: tuple((field, of) for field, of in rows) for name, rows in _grouped(ask(sql.COMPOSITES)).items()
        },
        extensions=dict(ask(sql.EXTENSIONS)),
        casts=frozenset((of, to) for of, to in ask(sql.CASTS)),
        large_objects=large_objects,
    )


_PARTS = {
    "columns": sql.COLUMNS,
    "constraints": sql.CONSTRAINTS,
    "foreign_keys": sql.FOREIGN_KEYS,
    "indexes": sql.INDEXES,
    "triggers": sql.TRIGGERS,
}


@dataclass(frozen=True)
class _Family:
    """Who inherits from whom, partitions included, in the whole database."""

    parents: dict[TableName, list[TableName]] = field(default_factory=lambda: defaultdict(list))
    children: dict[TableName, list[TableName]] = field(default_factory=lambda: defaultdict(list))
    kinds: dict[TableName, str] = field(default_factory=dict)

    def leaves(self, root: TableName) -> tuple[TableName, ...]:
        """The lowest partitions under a partitioned table."""
        below = self.children.get(root, [])
        return tuple(leaf for child in below for leaf in (self.leaves(child) if self.kinds[child] == "p" else (child,)))


def _family(rows: list[_Row]) -> _Family:
    family = _Family()
    for child_schema, child, kind, parent_schema, parent in rows:
        name, above = TableName(child_schema, child), TableName(parent_schema, parent)
        family.parents[name].append(above)
        family.children[above].append(name)
        family.kinds[name] = kind
    return family


def _grouped(rows: list[_Row]) -> _Groups:
    """What follows the first value of each row, by that value."""
    groups: _Groups = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row[1:])
    return groups


def _tables(rows: list[_Row], parts: dict[str, _Groups], family: _Family) -> dict[TableName, Table]:
    named = {TableName(row[1], row[2]): row for row in rows}
    tables = {}
    for name, row in named.items():
        table = _table(name, row, {part: groups.get(row[0], []) for part, groups in parts.items()})
        tables[name] = _in_family(table, family, partition=row[4], known=named)
    sizes = {name: table.bytes for name, table in tables.items()}
    return {
        name: replace(table, bytes=sum(sizes.get(leaf, 0) for leaf in table.leaves)) if table.kind == "p" else table
        for name, table in tables.items()
    }


def _table(name: TableName, row: _Row, parts: dict[str, list[_Row]]) -> Table:
    _, _, _, kind, _, size, count, secured, hides, selectable, owned, unlogged, identity = row
    return Table(
        name=name,
        kind=kind,
        columns=tuple(Column(*values) for values in parts["columns"]),
        bytes=size,
        rows=count,
        row_security=secured,
        hides_rows=hides,
        selectable=selectable,
        owned=owned,
        unlogged=unlogged,
        replica_identity=identity,
        constraints=tuple(_constraint(row) for row in parts["constraints"]),
        foreign_keys=tuple(_foreign_key(row) for row in parts["foreign_keys"]),
        indexes=tuple(Index(row[0], tuple(row[1]), *row[2:]) for row in parts["indexes"]),
        triggers=tuple(Trigger(*row) for row in parts["triggers"]),
    )


def _in_family(table: Table, family: _Family, partition: bool, known: dict[TableName, _Row]) -> Table:
    """A partition whose parent is not among the schemas read stands for itself; its parent's leaves name it still."""
    parents = tuple(family.parents.get(table.name, ()))
    inside = [parent for parent in parents if parent in known]
    return replace(
        table,
        partition_of=inside[0] if partition and inside else None,
        inherits=() if partition else parents,
        children=tuple(family.children.get(table.name, ())),
        leaves=family.leaves(table.name) if table.kind == "p" else (table.name,),
    )


def _constraint(row: _Row) -> Constraint:
    name, kind, columns, definition, deferrable, valid = row
    return Constraint(name, kind, tuple(columns), definition, deferrable, valid)


def _domain(row: _Row) -> Domain:
    name, base, not_null, default, checks = row
    return Domain(name, base, not_null, default, tuple(checks))


def _foreign_key(row: _Row) -> ForeignKey:
    name, columns, schema, table, referenced, *rest = row
    return ForeignKey(name, tuple(columns), TableName(schema, table), tuple(referenced), *rest)


def _sequence(row: _Row) -> SequenceObject:
    schema, name, of, start, increment, minimum, maximum, cycles, owner_schema, owner_table, column, identity = row
    owner = (TableName(owner_schema, owner_table), column) if column is not None else None
    return SequenceObject(TableName(schema, name), of, start, increment, minimum, maximum, cycles, owner, identity)
