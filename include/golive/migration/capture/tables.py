"""What the source knows of the capture: numbers of the watched tables, and the tables below each."""

from collections.abc import Iterable
from dataclasses import dataclass

from golive.migration.capture.plan import Captured, Watched
from golive.migration.names import TableName, literal
from golive.migration.statements import Session, rows, run


@dataclass(frozen=True)
class Member:
    """A table, or one that inherits from it or is a partition of it. ``inherits``: whether row triggers come from
    above by themselves."""

    oid: int
    table: TableName
    inherits: bool


def number_tables(session: Session, migration: str, wanted: tuple[Watched, ...]) -> None:
    """Gives each watched table its number, once."""
    for item in wanted:
        run(
            session,
            "INSERT INTO golive_capture.captured (migration, schema, name, unit)"
            f" VALUES ({literal(migration)}, {literal(item.table.schema)}, {literal(item.table.name)}, {_array(item)})"
            " ON CONFLICT DO NOTHING",
        )


def captured(session: Session, migration: str) -> tuple[Captured, ...]:
    """What is captured for a migration, in the order of the numbers; nothing where no capture was begun."""
    if not rows(session, "SELECT 1 WHERE to_regclass('golive_capture.captured') IS NOT NULL"):
        return ()
    found = rows(
        session,
        "SELECT number, schema, name, unit FROM golive_capture.captured"
        f" WHERE migration = {literal(migration)} ORDER BY number",
    )
    return tuple(Captured(number, TableName(schema, name), tuple(unit)) for number, schema, name, unit in found)


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


def grown(session: Session, items: tuple[Captured, ...]) -> tuple[Captured, ...]:
    """The items whose tree of partitions or children is not the one that was last noted."""
    numbers = ", ".join(str(item.number) for item in items) or "NULL"
    known = dict(rows(session, f"SELECT number, members FROM golive_capture.captured WHERE number IN ({numbers})"))
    trees = members(session, (item.table for item in items))
    return tuple(item for item in items if known.get(item.number) != sorted(m.oid for m in trees[item.table]))


def note_members(session: Session, items: tuple[Captured, ...], found: tuple[Member, ...]) -> None:
    """Notes the tree under which triggers now stand. One that differs from an earlier one makes all units changed:
    rows came or went with a partition, and no trigger fired."""
    tree = "ARRAY[" + ", ".join(str(oid) for oid in sorted(member.oid for member in found)) + "]::oid[]"
    for item in items:
        run(
            session,
            "INSERT INTO golive_capture.change (source, unit) SELECT number, NULL FROM golive_capture.captured"
            f" WHERE number = {item.number} AND members IS NOT NULL AND members <> {tree}",
        )
        run(session, f"UPDATE golive_capture.captured SET members = {tree} WHERE number = {item.number}")


def _array(item: Watched) -> str:
    return "ARRAY[" + ", ".join(literal(name) for name in item.unit) + "]::text[]"


MEMBERS = """
WITH RECURSIVE tree (root, oid, depth) AS (
    SELECT root, oid, 0 FROM (VALUES {roots}) roots (root, oid)
    UNION
    SELECT tree.root, i.inhrelid, tree.depth + 1 FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)
SELECT tree.root, c.oid, n.nspname, c.relname, c.relispartition AND min(tree.depth) > 0
FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY tree.root, c.oid, n.nspname, c.relname, c.relispartition ORDER BY tree.root, min(tree.depth), c.oid
"""
