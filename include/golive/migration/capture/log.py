"""Changes by the log: a publication and a slot of our own, whose messages become units on the source itself.

The log is emptied into ``golive_capture.change`` and given back to the server, so that a pass is the same whichever
way changes are known, and so that what the server must keep is small however long a load lasts.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from golive.migration.capture.log_units import Change, LogReader, copy_line
from golive.migration.capture.pgoutput import Commit, Message, decode
from golive.migration.capture.plan import Captured, by_table
from golive.migration.capture.tables import grown, members, note_members
from golive.migration.errors import CaptureRefused
from golive.migration.names import TableName, literal
from golive.migration.settings import Migration
from golive.migration.staging import blocks
from golive.migration.statements import Session, patiently, rows, run, value

BATCH = 100_000
"""Changes that are read between two looks at the end; a transaction is never cut."""


FREE_SECONDS = 60.0


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


def pour(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """Everything that the log has becomes changes, and is given back to the server. May be called at any time."""
    newest = int(value(session, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
    with _log(migration, session, items) as log:
        before = -1
        while log.reached > before:
            before = log.reached
            _copy(session, log.changes(BATCH), newest)
            if log.reached > before:
                _advance(migration, session, log.reached)
        if log.end > log.reached:
            _advance(migration, session, log.end)


def peek(migration: Migration, session: Session, items: tuple[Captured, ...]) -> None:
    """What the log has now is added to the changes of the open transaction, and stays in the log."""
    with _log(migration, session, items) as log:
        _copy(session, log.changes(None), None)


def retained_bytes(migration: Migration, session: Session) -> int:
    """How much of its log the server keeps for us."""
    kept = value(
        session,
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots"
        f" WHERE slot_name = {literal(slot_name(migration))}",
    )
    return int(kept or 0)


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


@contextmanager
def _log(migration: Migration, session: Session, items: tuple[Captured, ...]) -> Iterator["_Log"]:
    """The log, read in a session of its own while the first one writes."""
    trees = members(session, (item.table for item in items))
    captured: dict[int, tuple[Captured, ...]] = {}
    for item in items:
        for member in trees[item.table]:
            captured[member.oid] = (*captured.get(member.oid, ()), item)
    with migration.source.session("log") as reading:
        _wait_until_free(reading, slot_name(migration))
        yield _Log(reading, slot_name(migration), LogReader(captured), _flushed(reading))


def _flushed(session: Session) -> int:
    """Where the log ends, written out: transactions that did not wait for it (``synchronous_commit`` off) can be seen
    before they can be read, and a commit of ours that does wait takes them along."""
    run(session, "SET synchronous_commit = local")
    run(session, "SELECT pg_logical_emit_message(true, 'golive', '')")
    return int(value(session, "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"))


def _wait_until_free(session: Session, slot: str) -> None:
    """A session of a worker that was lost may still read the log for a moment."""
    deadline = time.monotonic() + FREE_SECONDS
    active = f"SELECT active FROM pg_replication_slots WHERE slot_name = {literal(slot)}"
    while value(session, active) and time.monotonic() < deadline:
        time.sleep(0.2)


class _Log:
    """``end`` is where it is read to; ``reached``, behind the last transaction that was read, 0 before the first."""

    def __init__(self, session: Session, slot: str, reader: LogReader, end: int) -> None:
        self.reached = 0
        self.end = end
        self._session = session
        self._slot = slot
        self._reader = reader

    def changes(self, count: int | None) -> Iterator[Change]:
        """Of transactions that committed before the end; no more than ``count`` messages, but whole transactions."""
        return self._reader.read(self._messages(count))

    def _messages(self, count: int | None) -> Iterator[Message]:
        ask = (
            f"SELECT data FROM pg_logical_slot_peek_binary_changes({literal(self._slot)}, '0/0'::pg_lsn + {self.end},"
            f" {count or 'NULL'}, 'proto_version', '1', 'publication_names', {literal(self._slot)})"
        )
        # A query's rows would all be held at once, or be waited for one by one; a COPY streams.
        with self._session.cursor() as cursor, cursor.copy(f"COPY ({ask}) TO STDOUT (FORMAT binary)".encode()) as copy:
            copy.set_types(["bytea"])
            for (data,) in copy.rows():
                message = decode(data)
                if isinstance(message, Commit):
                    self.reached = message.end
                yield message


def _copy(session: Session, changes: Iterable[Change], newest: int | None) -> None:
    """Into the changes. ``newest`` gives a transaction's number the bits that the log leaves out; None: no number."""
    lines = (copy_line(change, None if newest is None else full_xid(change.xid, newest)).encode() for change in changes)
    with session.cursor() as cursor, cursor.copy("COPY golive_capture.change (source, unit, xid) FROM STDIN") as copy:
        for block in blocks(lines):
            copy.write(block)


def full_xid(xid: int, newest: int) -> int:
    """The 64 bits of a transaction's number that is older than ``newest``."""
    found = newest >> 32 << 32 | xid
    return found - (1 << 32) if found > newest else found


def _advance(migration: Migration, session: Session, position: int) -> None:
    slot = literal(slot_name(migration))
    run(
        session,
        f"SELECT pg_replication_slot_advance(slot_name, '0/0'::pg_lsn + {position}) FROM pg_replication_slots"
        f" WHERE slot_name = {slot} AND confirmed_flush_lsn < '0/0'::pg_lsn + {position}",
    )


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
