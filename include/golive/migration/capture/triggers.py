"""Changes by triggers: they are written down by the very transaction that makes them."""

from functools import partial

from golive.migration.capture import trigger_sql as sql
from golive.migration.capture.plan import Captured, Watched, by_table
from golive.migration.capture.tables import grown, note_members
from golive.migration.members import members
from golive.migration.names import TableName, literal, quoted
from golive.migration.statements import Session, patiently, rows, run


def place(session: Session, items: tuple[Captured, ...], wanted: tuple[Watched, ...], seconds: float) -> None:
    """Makes the triggers that are missing, table by table. Once they stand, every change that commits later is
    written down: making one waits for the writers in flight. Raises ``LockBusy``."""
    plain = {item.table: all(other.plain for other in wanted if other.table == item.table) for item in wanted}
    for table, found in by_table(items).items():
        work = partial(_place, session, table, found, plain.get(table, False))
        patiently(session, f"capture of {table}", seconds, [table], work)


def follow(session: Session, items: tuple[Captured, ...], wanted: tuple[Watched, ...], seconds: float) -> None:
    """Gives partitions and children that are new since the last look their triggers, and has them copied whole."""
    changed = {item.table for item in grown(session, items)}
    if changed:
        place(session, tuple(item for item in items if item.table in changed), wanted, seconds)


def remove(session: Session, items: tuple[Captured, ...], seconds: float) -> None:
    """Drops triggers and functions of ``items``. Raises ``LockBusy``."""
    for table, found in by_table(items).items():
        patiently(session, f"capture of {table}", seconds, (), partial(_remove, session, found[0].number))


def _place(session: Session, table: TableName, items: tuple[Captured, ...], plain: bool) -> None:
    number = items[0].number
    run(session, sql.record_function(items, plain))
    found = members(session, [table])[table]
    standing = {(relation, name) for relation, name, _clone in _triggers(session, number)}
    for member in found:
        if not member.inherits and (member.table, sql.trigger_name(number)) not in standing:
            run(session, sql.row_trigger(number, member.table))
        if (member.table, sql.truncate_name(number)) not in standing:
            run(session, sql.truncate_trigger(number, member.table))
    note_members(session, items, found)


def _remove(session: Session, number: int) -> None:
    for relation, name, clone in _triggers(session, number):
        if not clone:
            run(session, f"DROP TRIGGER IF EXISTS {quoted(name)} ON {relation.sql}")
    run(session, f"DROP FUNCTION IF EXISTS golive_capture.record_{number}()")


def _triggers(session: Session, number: int) -> list[tuple[TableName, str, bool]]:
    """Our triggers with their tables; the last says whether one came from a partition's root."""
    function = literal(f"golive_capture.record_{number}()")
    found = rows(
        session,
        "SELECT n.nspname, c.relname, t.tgname, t.tgparentid <> 0 FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE t.tgfoid = to_regprocedure({function})",
    )
    return [(TableName(schema, name), trigger, clone) for schema, name, trigger, clone in found]
