"""A table with all that is below it: its partitions, and the tables that inherit from it."""

from collections.abc import Iterable
from dataclasses import dataclass

from golive.migration.names import TableName, literal
from golive.migration.statements import Session, rows


@dataclass(frozen=True)
class Member:
    """A table, or one that inherits from it or is a partition of it. ``inherits``: whether row triggers come from
    above by themselves."""

    oid: int
    table: TableName
    inherits: bool


def members(session: Session, tables: Iterable[TableName]) -> dict[TableName, tuple[Member, ...]]:
    """Each table with all that is below it, the table first."""
    roots = dict.fromkeys(tables)
    if not roots:
        return {}
    values = ", ".join(f"({place}, {literal(table.sql)}::regclass::oid)" for place, table in enumerate(roots))
    found: dict[int, list[Member]] = {}
    for place, oid, schema, name, inherits in rows(session, MEMBERS.format(roots=values)):
        found.setdefault(place, []).append(Member(oid, TableName(schema, name), inherits))
    return {table: tuple(found[place]) for place, table in enumerate(roots)}


MEMBERS = """
WITH RECURSIVE tree (root, oid, depth) AS (
    SELECT root, oid, 0 FROM (VALUES {roots}) roots (root, oid)
    UNION
    SELECT tree.root, i.inhrelid, tree.depth + 1 FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)
SELECT tree.root, c.oid, n.nspname, c.relname, c.relispartition AND min(tree.depth) > 0
FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY tree.root, c.oid, n.nspname, c.relname, c.relispartition ORDER BY tree.root, min(tree.depth), c.oid
"""
