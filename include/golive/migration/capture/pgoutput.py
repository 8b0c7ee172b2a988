"""The messages of ``pgoutput``, protocol version 1, as PostgreSQL documents them; pure.

Values are text. A value that an update left where it was stored (``UNCHANGED``) is not sent again.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Unsent(Enum):
    """Stands where no value was sent."""

    UNCHANGED = "u"


Value = str | None | Unsent
Row = tuple[Value, ...]


@dataclass(frozen=True)
class Begin:
    """``xid`` has the 32 bits that a transaction's number has in the log."""

    xid: int


@dataclass(frozen=True)
class Commit:
    """``end`` is the position behind the commit."""

    end: int


@dataclass(frozen=True)
class Relation:
    oid: int
    schema: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Insert:
    relation: int
    new: Row


@dataclass(frozen=True)
class Update:
    """``old`` is the old row or its key; None where the replica identity did not change."""

    relation: int
    old: Row | None
    new: Row


@dataclass(frozen=True)
class Delete:
    """``old`` is the old row, or its key with NULL elsewhere."""

    relation: int
    old: Row


@dataclass(frozen=True)
class Truncate:
    relations: tuple[int, ...]


@dataclass(frozen=True)
class Ignored:
    """Says nothing about rows: an origin, a type, a message of an application."""

    kind: str


Message = Begin | Commit | Relation | Insert | Update | Delete | Truncate | Ignored


class NotPgoutput(ValueError):
    """Bytes that are no message of protocol version 1."""


def decode(message: bytes) -> Message:
    """One message. Raises ``NotPgoutput``: an unknown message must not be taken for one without changes."""
    reader = _Reader(message)
    kind = reader.take(1).decode("latin-1")
    read = _READERS.get(kind)
    if read is not None:
        return read(reader)
    if kind in "OYM":
        return Ignored(kind)
    raise NotPgoutput(f"unknown message {kind!r}")


class _Reader:
    """Reads numbers in network order and texts that end with a zero."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._message[self._at : self._at + count]
        if len(part) != count:
            raise NotPgoutput(f"message is cut at {len(self._message)} bytes")
        self._at += count
        return part

    def number(self, form: str) -> int:
        return int(struct.unpack(f"!{form}", self.take(struct.calcsize(f"!{form}")))[0])

    def text(self) -> str:
        end = self._message.find(b"\0", self._at)
        if end < 0:
            raise NotPgoutput("text without an end")
        part = self._message[self._at : end].decode()
        self._at = end + 1
        return part

    def row(self) -> Row:
        return tuple(self._value() for _ in range(self.number("H")))

    def _value(self) -> Value:
        kind = self.take(1)
        if kind == b"n":
            return None
        if kind == b"u":
            return Unsent.UNCHANGED
        if kind != b"t":
            raise NotPgoutput(f"value of kind {kind!r}")
        return self.take(self.number("I")).decode()


def _begin(reader: _Reader) -> Begin:
    reader.take(16)  # where the transaction ends, and when it committed
    return Begin(reader.number("I"))


def _commit(reader: _Reader) -> Commit:
    reader.take(9)  # flags, and where the commit is
    end = reader.number("Q")
    reader.take(8)  # when
    return Commit(end)


def _relation(reader: _Reader) -> Relation:
    oid, schema, name = reader.number("I"), reader.text(), reader.text()
    reader.take(1)  # the replica identity
    names = []
    for _ in range(reader.number("H")):
        reader.take(1)  # whether it is part of the key
        names.append(reader.text())
        reader.take(8)  # type and modifier
    return Relation(oid, schema, name, tuple(names))


def _insert(reader: _Reader) -> Insert:
    oid = reader.number("I")
    _expect(reader, b"N")
    return Insert(oid, reader.row())


def _update(reader: _Reader) -> Update:
    oid, kind, old = reader.number("I"), reader.take(1), None
    if kind in b"KO":
        old, kind = reader.row(), reader.take(1)
    if kind != b"N":
        raise NotPgoutput(f"update with {kind!r}")
    return Update(oid, old, reader.row())


def _delete(reader: _Reader) -> Delete:
    oid = reader.number("I")
    _expect(reader, b"KO")
    return Delete(oid, reader.row())


def _truncate(reader: _Reader) -> Truncate:
    count = reader.number("I")
    reader.take(1)  # cascade, restart identity
    return Truncate(tuple(reader.number("I") for _ in range(count)))


def _expect(reader: _Reader, wanted: bytes) -> None:
    kind = reader.take(1)
    if kind not in wanted:
        raise NotPgoutput(f"{kind!r} where {wanted!r} must stand")


_READERS: dict[str, Callable[[_Reader], Message]] = {
    "B": _begin,
    "C": _commit,
    "R": _relation,
    "I": _insert,
    "U": _update,
    "D": _delete,
    "T": _truncate,
}
