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
    read = _READERS.get(message[:1])
    if read is None:
        raise NotPgoutput(f"unknown message {message[:1]!r}")
    try:
        return read(message)
    except (struct.error, IndexError, ValueError) as error:
        raise NotPgoutput(f"message of {len(message)} bytes is cut or no message: {error}") from error


_NUMBER = struct.Struct("!I")
_COUNT = struct.Struct("!H")
_POSITION = struct.Struct("!Q")
_NULL, _UNCHANGED, _TEXT, _NEW = b"nutN"


def _row(message: bytes, at: int) -> tuple[Row, int]:
    """The row at a place, and the place behind it. The busiest loop here: a function per value would double it."""
    (count,), at = _COUNT.unpack_from(message, at), at + 2
    values: list[Value] = []
    for _ in range(count):
        kind, at = message[at], at + 1
        if kind == _TEXT:
            start = at + 4
            at = start + _NUMBER.unpack_from(message, at)[0]
            if at > len(message):
                raise IndexError("value")
            values.append(message[start:at].decode())
        elif kind == _NULL:
            values.append(None)
        elif kind == _UNCHANGED:
            values.append(Unsent.UNCHANGED)
        else:
            raise ValueError(f"value of kind {kind}")
    return tuple(values), at


def _text(message: bytes, at: int) -> tuple[str, int]:
    end = message.index(0, at)
    return message[at:end].decode(), end + 1


def _number(message: bytes, at: int = 1) -> int:
    return int(_NUMBER.unpack_from(message, at)[0])


def _begin(message: bytes) -> Begin:
    """Before the number stand the end of the transaction and when it committed."""
    return Begin(_number(message, 17))


def _commit(message: bytes) -> Commit:
    """Before the end stand flags and the place of the commit; behind it, when it was."""
    _POSITION.unpack_from(message, 18)
    return Commit(int(_POSITION.unpack_from(message, 10)[0]))


def _relation(message: bytes) -> Relation:
    schema, at = _text(message, 5)
    name, at = _text(message, at)
    (count,), at = _COUNT.unpack_from(message, at + 1), at + 3
    names = []
    for _ in range(count):
        column, at = _text(message, at + 1)
        _POSITION.unpack_from(message, at)  # type and modifier
        names.append(column)
        at += 8
    return Relation(_number(message), schema, name, tuple(names))


def _insert(message: bytes) -> Insert:
    _expect(message[5], b"N")
    return Insert(_number(message), _row(message, 6)[0])


def _update(message: bytes) -> Update:
    old, at = None, 5
    if message[at] != _NEW:
        _expect(message[at], b"KO")
        old, at = _row(message, at + 1)
    _expect(message[at], b"N")
    return Update(_number(message), old, _row(message, at + 1)[0])


def _delete(message: bytes) -> Delete:
    _expect(message[5], b"KO")
    return Delete(_number(message), _row(message, 6)[0])


def _truncate(message: bytes) -> Truncate:
    """Between the count and the relations stands how it was asked for."""
    return Truncate(tuple(_number(message, 6 + 4 * place) for place in range(_number(message))))


def _ignored(message: bytes) -> Ignored:
    return Ignored(message[:1].decode())


def _expect(kind: int, wanted: bytes) -> None:
    if kind not in wanted:
        raise ValueError(f"{kind} where {wanted!r} must stand")


_READERS: dict[bytes, Callable[[bytes], Message]] = {
    b"B": _begin,
    b"C": _commit,
    b"R": _relation,
    b"I": _insert,
    b"U": _update,
    b"D": _delete,
    b"T": _truncate,
    b"O": _ignored,
    b"Y": _ignored,
    b"M": _ignored,
}
