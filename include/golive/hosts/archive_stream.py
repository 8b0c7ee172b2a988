"""One gzip member or one zstd frame, unpacked in flat memory; anything after its end is refused."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from golive.hosts.archive_rules import Rules

_CHUNK = 1 << 16
_ZSTD_STEP = 128
"""Fed to zstd at a time: its decompressor sets no bound to the output, and 128 bytes make 4 MiB at worst."""
_ZSTD_WINDOW = 1 << 27


class Unpacked:
    """Reads exactly as many unpacked bytes as asked for."""

    def __init__(self, chunks: Iterator[bytes], rules: Rules) -> None:
        self._chunks = chunks
        self._rules = rules
        self._held = b""
        self._at = 0

    def some(self, most: int) -> bytes:
        """At least one byte, at most ``most``; empty at the end."""
        while self._at == len(self._held):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held, self._at = chunk, 0
        taken = self._held[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def pieces(self, size: int) -> Iterator[bytes]:
        """Exactly ``size`` bytes, in pieces."""
        while size:
            piece = self.some(min(size, _CHUNK))
            if not piece:
                self._rules.refuse("truncated")
            size -= len(piece)
            yield piece

    def exactly(self, size: int) -> bytes:
        return b"".join(self.pieces(size))


def unpack(source: Path, rules: Rules, *, zstd: bool) -> Iterator[bytes]:
    """The unpacked bytes of a file, in chunks of at most 4 MiB, mostly 64 KiB."""
    unpacked = 0
    with source.open("rb") as file:
        for chunk in (_zstd if zstd else _gzip)(file, rules):
            unpacked += len(chunk)
            rules.grown(unpacked, file.tell())
            yield chunk


def _gzip(file: BinaryIO, rules: Rules) -> Iterator[bytes]:
    engine = zlib.decompressobj(wbits=31)
    while not engine.eof:
        packed = file.read(_CHUNK)
        if not packed:
            rules.refuse("truncated")
        while packed and not engine.eof:
            try:
                yield engine.decompress(packed, _CHUNK)
            except zlib.error:
                rules.refuse("damaged")
            packed = engine.unconsumed_tail
    _no_more(engine.unused_data, file, rules)


def _zstd(file: BinaryIO, rules: Rules) -> Iterator[bytes]:
    engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    while not engine.eof:
        packed = file.read(_ZSTD_STEP)
        if not packed:
            rules.refuse("truncated")
        try:
            yield engine.decompress(packed)
        except zstandard.ZstdError:
            rules.refuse("damaged")
    _no_more(engine.unused_data, file, rules)


def _no_more(rest: bytes, file: BinaryIO, rules: Rules) -> None:
    if rest or file.read(1):
        rules.refuse("garbage")
