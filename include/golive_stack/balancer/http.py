"""Heads and bodies of HTTP/1.1, as far as a balancer must understand them.

What two programs could read differently (two lengths, folded headers, unknown codings) is refused:
that is how requests are smuggled.
"""

import asyncio
import re
from dataclasses import dataclass

HEAD_LIMIT = 65_536
PIECE = 65_536
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"}

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class BadMessage(Exception):
    """Not HTTP/1.1 that can be passed on."""


@dataclass(frozen=True)
class Head:
    """A start line and its headers, names in lower case, in order."""

    start: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def values(self, name: bytes) -> tuple[bytes, ...]:
        return tuple(value for key, value in self.headers if key == name)

    def says(self, name: bytes, word: bytes) -> bool:
        """Whether the list header ``name`` holds ``word``."""
        return any(word == part.strip().lower() for value in self.values(name) for part in value.split(b","))

    @property
    def method(self) -> bytes:
        return self.start.split(b" ", 1)[0]

    @property
    def status(self) -> int:
        return int(self.start.split(b" ", 2)[1])

    def passed_on(self, *added: tuple[bytes, bytes]) -> bytes:
        """The head for the other side: without what concerns only this connection."""
        listed = {part.strip().lower() for value in self.values(b"connection") for part in value.split(b",")}
        kept = [(key, value) for key, value in self.headers if key not in _HOP | listed]
        lines = [self.start, *(key + b": " + value for key, value in [*kept, *added])]
        return b"\r\n".join(lines) + b"\r\n\r\n"


async def read_head(reader: Reader) -> Head | None:
    """The next head, or None when the other side has closed. Raises ``BadMessage``."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as cut:
        if not cut.partial:
            return None
        raise BadMessage("the head was cut") from cut
    except asyncio.LimitOverrunError as cause:
        raise BadMessage("the head is too long") from cause
    start, *lines = raw[:-4].split(b"\r\n")
    return Head(start, tuple(_header(line) for line in lines))


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or b"\0" in value or b"\n" in value or b"\r" in value:
        raise BadMessage("a header cannot be read")
    return name.lower(), value.strip()


@dataclass(frozen=True)
class Framing:
    """How a body ends: after ``length`` bytes, ``chunked``, or (length None) with the connection."""

    length: int | None = 0
    chunked: bool = False


def framing(head: Head, default: int | None) -> Framing:
    """The framing that ``head`` states; ``default`` when it states none. Raises ``BadMessage``."""
    codings = head.values(b"transfer-encoding")
    lengths = set(head.values(b"content-length"))
    if codings and (lengths or [coding.lower() for coding in codings] != [b"chunked"]):
        raise BadMessage("the body's framing is ambiguous")
    if codings:
        return Framing(None, chunked=True)
    if not lengths:
        return Framing(default)
    value = lengths.pop()
    if lengths or not re.fullmatch(rb"[0-9]{1,18}", value):
        raise BadMessage("the body's length cannot be read")
    return Framing(int(value))


def response_framing(method: bytes, head: Head) -> Framing:
    """As ``framing``, for an answer to ``method``: some have no body whatever their headers say."""
    if method == b"HEAD" or head.status in (204, 304):
        return Framing(0)
    return framing(head, default=None)


async def copy_body(reader: Reader, writer: Writer, how: Framing) -> None:
    """Pass a body on piece by piece; memory stays flat. Raises ``BadMessage`` when it is cut."""
    try:
        if how.chunked:
            await _copy_chunks(reader, writer)
        elif how.length is None:
            while piece := await reader.read(PIECE):
                await _send(writer, piece)
        else:
            await _copy_bytes(reader, writer, how.length)
    except asyncio.IncompleteReadError as cause:
        raise BadMessage("the body was cut") from cause


async def _copy_chunks(reader: Reader, writer: Writer) -> None:
    size = -1
    while size != 0:
        line = await reader.readuntil(b"\r\n")
        text = line.split(b";", 1)[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", text):
            raise BadMessage("a chunk's size cannot be read")
        size = int(text, 16)
        await _send(writer, line)
        if size:
            await _copy_bytes(reader, writer, size + 2)
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        await _send(writer, line)
    await _send(writer, line)


async def _copy_bytes(reader: Reader, writer: Writer, left: int) -> None:
    while left:
        piece = await reader.read(min(PIECE, left))
        if not piece:
            raise BadMessage("the body was cut")
        left -= len(piece)
        await _send(writer, piece)


async def _send(writer: Writer, piece: bytes) -> None:
    writer.write(piece)
    await writer.drain()
