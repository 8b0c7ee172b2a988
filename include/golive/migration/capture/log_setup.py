"""The log is opened and closed: a publication, a slot, and replica identities that hold the units."""

import hashlib
from functools import partial

from golive.migration.capture.plan import Captured, by_table
from golive.migration.capture.tables import grown, note_members
from golive.migration.errors import CaptureRefused
from golive.migration.members import members
from golive.migration.names import TableName, literal
from golive.migration.settings import Migration
from golive.migration.statements import Session, patiently, rows, run, value


def slot_name(migration: Migration) -> str:
    """The slot's name, and the publication's: slots are the server's, so the database is part of it."""
    said = f"{migration.source.database}\n{migration.name}".encode()
    return f"golive_{hashlib.sha256(said).hexdigest()[:16]}"


def open_log(migration: Migration, session: Session, items: tuple[Captured, ...], seconds: float) -> None:
    """Makes what is missing of replica identities, publication and slot, in this order: only what is published when
    it is written can be read. Raises ``CaptureRefused``, ``LockBusy``."""
    _able(migration, session)
    _publish(migration, session, items, seconds)
    name = slot_name(migration)
    if not rows(session, f"SELECT FROM pg_replication_slots WHERE slot_name = {literal(name)}"):
        make = f"SELECT pg_create_logical_replication_slot({literal(name)}, 'pgoutput')"
        patiently(session, "replication slot", seconds, (), partial(_wait_and_run, session, make, seconds))
    for table, found in by_table(items).items():
        note_members(session, found, members(session, [table])[table])


def follow_log(migration: Migration, session: Session, items: tuple[Captured, ...], seconds: float) -> None:
    """Has tables published that are new below the captured ones, and these copied whole."""
    found = grown(session, items)
    if found:
        _publish(migration, session, items, seconds)
        trees = members(session, (item.table for item in found))
        for item in found:
            note_members(session, (item,), trees[item.table])


def _publish(migration: Migration, session: Session, items: tuple[Captured, ...], seconds: float) -> None:
    tables = by_table(items)
    for table, found in tables.items():
        work = partial(_identify, migration.name, session, table, found)
        patiently(session, f"capture of {table}", seconds, [table], work)
    name = slot_name(migration)
    listed = ", ".join(table.sql for table in tables)
    publish = f"CREATE PUBLICATION {name} FOR TABLE {listed}"
    if rows(session, f"SELECT FROM pg_publication WHERE pubname = {literal(name)}"):
        publish = f"ALTER PUBLICATION {name} SET TABLE {listed}"
    patiently(session, "publication", seconds, (), partial(run, session, publish))


def _wait_and_run(session: Session, statement: str, seconds: float) -> None:
    """A slot begins when the transactions of its first moment have ended; nobody waits behind it."""
    run(session, f"SET LOCAL lock_timeout = {round(seconds * 1000)}")
    run(session, statement)


def close_log(migration: Migration, session: Session, seconds: float) -> None:
    """Drops slot and publication, and gives replica identities back. Raises ``LockBusy``."""
    name = slot_name(migration)
    free = f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {literal(name)}"
    run(session, free)
    patiently(session, "publication", seconds, (), partial(run, session, f"DROP PUBLICATION IF EXISTS {name}"))
    mine = f"migration = {literal(migration.name)}"
    for table, restore in rows(session, f'SELECT "table", restore_sql FROM golive_capture.identity WHERE {mine}'):
        forget = f'DELETE FROM golive_capture.identity WHERE {mine} AND "table" = {literal(table)}'
        patiently(session, f"replica identity of {table}", seconds, (), partial(run, session, f"{restore}; {forget}"))


def _able(migration: Migration, session: Session) -> None:
    level = value(session, "SELECT current_setting('wal_level')")
    may = value(session, "SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user")
    lost = (
        f"SELECT EXISTS (SELECT FROM golive_capture.captured WHERE migration = {literal(migration.name)}"
        " AND members IS NOT NULL) AND NOT EXISTS (SELECT FROM pg_replication_slots"
        f" WHERE slot_name = {literal(slot_name(migration))} AND wal_status IS DISTINCT FROM 'lost')"
    )
    cause = ""
    if level != "logical":
        cause = f"wal_level is {level}, not logical"
    elif not may:
        cause = "the role has no REPLICATION attribute"
    elif value(session, lost):
        cause = "the replication slot is gone, and with it changes; begin the migration anew"
    if cause:
        raise CaptureRefused(database=str(migration.source), capture="pgoutput", cause=cause)


def _identify(migration: str, session: Session, table: TableName, items: tuple[Captured, ...]) -> None:
    """Has old units written to the log where the replica identity does not hold them."""
    wanted = {name for item in items for name in item.unit}
    oids = ", ".join(str(member.oid) for member in members(session, [table])[table])
    for schema, name, restore, held in rows(session, IDENTITY.format(oids=oids)):
        if held and wanted <= set(held):
            continue
        relation = TableName(schema, name)
        run(
            session,
            'INSERT INTO golive_capture.identity (migration, "table", restore_sql) VALUES'
            f" ({literal(migration)}, {literal(str(relation))}, {literal(restore)}) ON CONFLICT DO NOTHING",
        )
        run(session, f"ALTER TABLE {relation.sql} REPLICA IDENTITY FULL")


IDENTITY = """
SELECT n.nspname, c.relname,
       format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY ', n.nspname, c.relname)
       || CASE c.relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL'
          ELSE 'USING INDEX ' || quote_ident((SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                                              WHERE i.indrelid = c.oid AND i.indisreplident)) END,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND CASE
             WHEN c.relreplident = 'f' THEN true ELSE EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
             AND a.attnum = ANY (i.indkey::int2[]) AND CASE c.relreplident WHEN 'd' THEN i.indisprimary
             WHEN 'i' THEN i.indisreplident ELSE false END) END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({oids}) AND c.relkind = 'r'
"""
"""The replica identity of tables: the columns that the log has of an old row, and how to have it again."""
