"""Changes by the log, whose messages become units on the source itself, so that a pass is the same either way.

In a pass the log is read once, inside the snapshot: what the snapshot shows is then known, and with it some that it
does not show yet. It is given back to the server, after the source's commit, up to the first transaction of those.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from golive.migration.capture.log_setup import slot_name
from golive.migration.capture.log_units import Change, LogReader, copy_line
from golive.migration.capture.pgoutput import Begin, Commit, Message, decode
from golive.migration.capture.plan import Captured
from golive.migration.capture.tables import captured
from golive.migration.members import members
from golive.migration.names import literal
from golive.migration.settings import Migration
from golive.migration.staging import blocks
from golive.migration.statements import Session, run, value

BATCH = 100_000
"""Messages between two looks at the end; a transaction is never cut."""

FREE_SECONDS = 60.0


MAY_MARK = """
SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc p
WHERE p.proname = 'pg_log_standby_snapshot' AND p.pronamespace = 'pg_catalog'::regnamespace
"""
"""The log is read anew from such a mark on. The server makes one each 15 s; the newer, the less is read twice."""


@dataclass(frozen=True)
class Snapshot:
    """Which transactions it shows: those before ``first``, and those before ``last`` that are not in ``between``."""

    first: int
    last: int
    between: frozenset[int]

    @classmethod
    def of(cls, text: str) -> "Snapshot":
        """From PostgreSQL's text of it, ``first:last:between``."""
        first, last, between = text.split(":")
        return cls(int(first), int(last), frozenset(int(xid) for xid in between.split(",") if xid))

    def sees(self, xid: int) -> bool:
        """Of a transaction that has committed, by its 64 bits."""
        return xid < self.first or (xid < self.last and xid not in self.between)


@dataclass(frozen=True)
class Peeked:
    """``safe`` is up to where the log is not needed any more once the snapshot's transaction has committed; it was
    read to ``end``, over ``length`` bytes."""

    safe: int
    end: int
    length: int


TABLE = "golive_log"
"""Where what the log has is kept for one pass."""


def peek(migration: Migration, session: Session, items: tuple[Captured, ...], snapshot: Snapshot) -> Peeked:
    """What the log has comes into ``TABLE``, in the open transaction, whose snapshot this is; and stays in the log."""
    run(session, f"CREATE TEMPORARY TABLE {TABLE} (source integer, unit text[]) ON COMMIT DROP")
    with _log(migration, session, items) as log:
        lines = (copy_line(change) for change, _xid in log.changes(None, snapshot))
        _copy(session, f"{TABLE} (source, unit)", lines)
        return Peeked(log.safe, log.end, log.end - log.begun)


def give_back(migration: Migration, session: Session, position: int) -> None:
    """The server may forget the log up to a position; the one before stays where it is lower."""
    slot = literal(slot_name(migration))
    run(
        session,
        f"SELECT pg_replication_slot_advance(slot_name, '0/0'::pg_lsn + {position}) FROM pg_replication_slots"
        f" WHERE slot_name = {slot} AND confirmed_flush_lsn < '0/0'::pg_lsn + {position}",
    )


def relieve(migration: Migration) -> None:
    """The log becomes changes, without a pass: for the length of a load, so that the server need not keep it.

    Nothing to do where changes are known by triggers. May be called at any time, from a worker that loads, too.
    """
    if migration.capture != "pgoutput":
        return
    with migration.source.session("log") as session:
        items = captured(session, migration.name)
        with _log(migration, session, items) as log:
            more = True
            while more:
                newest = Snapshot.of(str(value(session, "SELECT pg_current_snapshot()")))
                lines = (copy_line(change, xid) for change, xid in log.changes(BATCH, newest))
                _copy(session, "golive_capture.change (source, unit, xid)", lines)
                more = log.count >= BATCH
                give_back(migration, session, log.reached if more else log.end)


def come_since(migration: Migration, session: Session, position: int) -> int:
    """Bytes of the log behind a position, whosever they are."""
    if migration.capture != "pgoutput":
        return 0
    return int(value(session, f"SELECT pg_current_wal_lsn() - '0/0'::pg_lsn - {position}"))


def retained_bytes(migration: Migration, session: Session) -> int:
    """How much of its log the server keeps for us."""
    kept = value(
        session,
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots"
        f" WHERE slot_name = {literal(slot_name(migration))}",
    )
    return int(kept or 0)


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
        yield _Log(reading, slot_name(migration), LogReader(captured))


def _flushed(session: Session) -> int:
    """Where the log ends, written out: transactions that did not wait for it (``synchronous_commit`` off) can be seen
    before they can be read, and a commit of ours that does wait takes them along."""
    run(session, "SET synchronous_commit = local")
    if value(session, MAY_MARK):
        run(session, "SELECT pg_log_standby_snapshot()")
    run(session, "SELECT pg_logical_emit_message(true, 'golive', '')")
    return int(value(session, "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"))


def _wait_until_free(session: Session, slot: str) -> None:
    """A session of a worker that was lost may still read the log for a moment."""
    deadline = time.monotonic() + FREE_SECONDS
    active = f"SELECT active FROM pg_replication_slots WHERE slot_name = {literal(slot)}"
    while value(session, active) and time.monotonic() < deadline:
        time.sleep(0.2)


class _Log:
    """It is read from ``begun`` to ``end``. Of what was read last: ``reached`` is behind the last transaction, ``safe``
    before the first one that the snapshot does not see, ``count`` the number of messages."""

    def __init__(self, session: Session, slot: str, reader: LogReader) -> None:
        self.reached = self.safe = self.count = 0
        self.end = _flushed(session)
        confirmed = "SELECT confirmed_flush_lsn - '0/0'::pg_lsn FROM pg_replication_slots WHERE slot_name ="
        self.begun = int(value(session, f"{confirmed} {literal(slot)}") or 0)
        self._session = session
        self._slot = slot
        self._reader = reader

    def changes(self, most: int | None, snapshot: Snapshot) -> Iterator[tuple[Change, int]]:
        """Each with its transaction. No more than ``most`` messages are read, but whole transactions."""
        for change in self._reader.read(self._messages(most, snapshot)):
            yield change, full_xid(change.xid, snapshot.last)

    def _messages(self, most: int | None, snapshot: Snapshot) -> Iterator[Message]:
        ask = (
            f"SELECT data FROM pg_logical_slot_peek_binary_changes({literal(self._slot)}, '0/0'::pg_lsn + {self.end},"
            f" {most or 'NULL'}, 'proto_version', '1', 'publication_names', {literal(self._slot)})"
        )
        self.reached, self.safe, self.count, xid, seen = 0, self.end, 0, 0, True
        # A query's rows would all be held at once, or be waited for one by one; a COPY streams.
        with self._session.cursor() as cursor, cursor.copy(f"COPY ({ask}) TO STDOUT (FORMAT binary)".encode()) as copy:
            copy.set_types(["bytea"])
            for (data,) in copy.rows():
                message = decode(data)
                self.count += 1
                if isinstance(message, Begin):
                    xid = full_xid(message.xid, snapshot.last)
                    if seen and not snapshot.sees(xid):
                        self.safe, seen = self.reached, False
                elif isinstance(message, Commit):
                    self.reached = message.end
                yield message


def _copy(session: Session, table: str, lines: Iterable[str]) -> None:
    with session.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for block in blocks(line.encode() for line in lines):
            copy.write(block)


def full_xid(xid: int, newest: int) -> int:
    """The 64 bits of a transaction's number of which the log has 32; it is within 2^31 of ``newest``."""
    distance = (xid - newest + (1 << 31)) % (1 << 32) - (1 << 31)
    return newest + distance
