"""What the source knows of the capture: numbers of the watched tables, and the tables below each."""

from golive.migration.capture.plan import Captured, Watched
from golive.migration.members import Member, members
from golive.migration.names import TableName, literal
from golive.migration.statements import Session, rows, run


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
