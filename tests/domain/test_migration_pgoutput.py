"""The messages of a log, byte by byte."""

import struct

import pytest

from golive.migration.capture.log import Snapshot, full_xid
from golive.migration.capture.log_units import Change, LogReader, copy_line
from golive.migration.capture.pgoutput import (
    Begin,
    Commit,
    Delete,
    Ignored,
    Insert,
    NotPgoutput,
    Relation,
    Truncate,
    Unsent,
    Update,
    decode,
)
from golive.migration.capture.plan import Captured
from golive.migration.names import TableName

NAME = "주문".encode()
ROW = struct.pack("!H", 3) + b"t" + struct.pack("!I", 2) + b"42" + b"n" + b"u"
KEY = struct.pack("!H", 3) + b"t" + struct.pack("!I", 2) + b"41" + b"n" + b"n"
COLUMN = b"\x01id\0" + struct.pack("!Ii", 20, -1)
BEGIN = b"B" + struct.pack("!QqI", 1000, 5, 77)
RELATION = b"R" + struct.pack("!I", 16400) + b"shop\0" + NAME + b"\0d" + struct.pack("!H", 2) + COLUMN
RELATION += b"\x00memo\0" + struct.pack("!Ii", 25, -1)
VALUES = ("42", None, Unsent.UNCHANGED)
MESSAGES = {
    "begin": (BEGIN, Begin(77)),
    "commit": (b"C" + struct.pack("!BQQq", 0, 900, 1000, 5), Commit(1000)),
    "relation": (RELATION, Relation(16400, "shop", "주문", ("id", "memo"))),
    "insert": (b"I" + struct.pack("!I", 16400) + b"N" + ROW, Insert(16400, VALUES)),
    "update": (b"U" + struct.pack("!I", 16400) + b"N" + ROW, Update(16400, None, VALUES)),
    "update of a key": (
        b"U" + struct.pack("!I", 16400) + b"K" + KEY + b"N" + ROW,
        Update(16400, ("41", None, None), VALUES),
    ),
    "update with the old row": (b"U" + struct.pack("!I", 9) + b"O" + ROW + b"N" + ROW, Update(9, VALUES, VALUES)),
    "delete": (b"D" + struct.pack("!I", 16400) + b"K" + KEY, Delete(16400, ("41", None, None))),
    "truncate": (b"T" + struct.pack("!IBII", 2, 1, 16400, 16401), Truncate((16400, 16401))),
    "type": (b"Y" + struct.pack("!I", 5) + b"shop\0t\0", Ignored("Y")),
    "origin": (b"O" + struct.pack("!Q", 5) + b"x\0", Ignored("O")),
}


@pytest.mark.parametrize(("content", "wanted"), MESSAGES.values(), ids=MESSAGES.keys())
def test_each_message_is_read(content: bytes, wanted: object) -> None:
    """Bytes as the protocol describes them become values."""
    assert decode(content) == wanted


@pytest.mark.parametrize("content", [content for content, _wanted in MESSAGES.values()], ids=MESSAGES.keys())
def test_a_message_that_is_cut_is_refused(content: bytes) -> None:
    """No part of a message is taken for a whole one."""
    if content[:1] in b"YO":
        return
    for length in range(1, len(content)):
        with pytest.raises(NotPgoutput):
            decode(content[:length])


@pytest.mark.parametrize("content", [b"S" + bytes(5), b"", b"I" + bytes(4) + b"X", b"U" + bytes(4) + b"X"])
def test_what_is_not_known_is_refused(content: bytes) -> None:
    """A message that we cannot read could be a change, so it is never passed over."""
    with pytest.raises(NotPgoutput):
        decode(content)


ORDER = Relation(7, "shop", "ord", ("id", "cust", "memo"))
BY_ID = Captured(1, TableName("shop", "ord"), ("id",))
BY_CUSTOMER = Captured(2, TableName("shop", "ord"), ("cust",))
LOOKUP = Captured(3, TableName("shop", "ord"), ())
UNCHANGED = Unsent.UNCHANGED
CHANGES = {
    "insert": (Insert(7, ("1", "a", None)), {(1, ("1",)), (2, ("a",)), (3, None)}),
    "update": (Update(7, None, ("1", "a", UNCHANGED)), {(1, ("1",)), (2, ("a",)), (3, None)}),
    "update of a unit": (
        Update(7, ("1", "b", None), ("2", "a", None)),
        {(1, ("1",)), (1, ("2",)), (2, ("a",)), (2, ("b",)), (3, None)},
    ),
    "a long unit that stayed": (
        Update(7, ("1", "b", None), ("1", UNCHANGED, None)),
        {(1, ("1",)), (2, ("b",)), (3, None)},
    ),
    "a long unit that nobody told": (Update(7, None, ("1", UNCHANGED, None)), {(1, ("1",)), (2, None), (3, None)}),
    "delete": (Delete(7, ("1", "a", None)), {(1, ("1",)), (2, ("a",)), (3, None)}),
    "truncate": (Truncate((7, 8)), {(1, None), (2, None), (3, None)}),
    "of a table that is nobody's": (Truncate((8,)), set()),
}


@pytest.mark.parametrize(("message", "wanted"), CHANGES.values(), ids=CHANGES.keys())
def test_messages_become_units(message: object, wanted: set[object]) -> None:
    """Old and new units are told, each with its transaction; what the log does not say is every unit."""
    reader = LogReader({7: (BY_ID, BY_CUSTOMER, LOOKUP)})
    found = list(reader.read([Begin(55), ORDER, message]))  # type: ignore[list-item]
    assert {(change.source, change.unit) for change in found} == wanted
    assert all(isinstance(change, Change) and change.xid == 55 for change in found)


@pytest.mark.parametrize(
    ("xid", "newest", "wanted"),
    [
        (5, 9, 5),
        (9, 9, 9),
        (11, 9, 11),
        (0xFFFFFFF0, 0x3_0000_0005, 0x2_FFFFFFF0),
        (3, 0x3_0000_0005, 0x3_0000_0003),
        (3, 0x3_FFFFFFF0, 0x4_0000_0003),
    ],
)
def test_a_transaction_number_gets_its_epoch(xid: int, newest: int, wanted: int) -> None:
    """The log has 32 bits of it; the transaction is near the newest that is known, on either side."""
    assert full_xid(xid, newest) == wanted


@pytest.mark.parametrize(
    ("change", "xid", "wanted"),
    [
        (Change(1, ("5",), 7), 7, '1\t{"5"}\t7\n'),
        (Change(2, None, 7), None, "2\t\\N\n"),
        (Change(3, (None, "NULL"), 7), None, '3\t{NULL,"NULL"}\n'),
        (Change(4, ('a"b\\c\td\n', ""), 7), None, '4\t{"a\\\\"b\\\\\\\\c\\td\\n",""}\n'),
    ],
)
def test_a_change_becomes_a_line(change: Change, xid: int | None, wanted: str) -> None:
    """Whatever a value holds, the line is one row of COPY."""
    assert copy_line(change, xid) == wanted


def test_a_snapshot_says_what_it_sees() -> None:
    """What was in progress then, or began later, is not seen, though it has committed since."""
    snapshot = Snapshot.of("10:14:11,13")
    assert [xid for xid in range(8, 17) if snapshot.sees(xid)] == [8, 9, 10, 12]
    assert [xid for xid in range(8, 12) if Snapshot.of("10:10:").sees(xid)] == [8, 9]
