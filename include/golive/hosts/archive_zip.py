"""A strict reader of zip: stored or deflated, nothing before, between or after its parts, no Zip64."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from golive.hosts.archive_rules import Header, Kind, Limits, Rules

_CHUNK = 1 << 16
_END = struct.Struct("<4s4H2IH")
_LOCAL = struct.Struct("<4s5H3I2H")
_MOST_COMMENT = 0xFFFF
_NONE: tuple[int, ...] = (0,)
_DESCRIPTORS: tuple[int, ...] = (12, 16, 20, 24)
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DESCRIBED = 0x8
_UTF8 = 0x800
_UNIX = 3


def zip_entries(source: Path, rules: Rules, limits: Limits) -> Iterator[tuple[Header, Iterator[bytes]]]:
    """Each member, in the order of the directory, with its content."""
    with source.open("rb") as file:
        _check_end(file, rules, limits)
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
                _check_places(file, infos, archive.start_dir, rules)
                rules.grown(sum(info.file_size for info in infos), source.stat().st_size)
                for info in infos:
                    yield _entry(archive, info, rules)
        except UnicodeDecodeError:
            rules.refuse("name")
        except (zipfile.BadZipFile, NotImplementedError, struct.error):
            rules.refuse("damaged")


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, rules: Rules) -> tuple[Header, Iterator[bytes]]:
    name, mode = info.orig_filename, info.external_attr >> 16 if info.create_system == _UNIX else 0
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rules.refuse("unsupported", name)
    if not name.isascii() and not info.flag_bits & _UTF8:
        rules.refuse("name", name)
    kind = _kind(name, mode, rules)
    if kind is Kind.DIRECTORY and info.file_size:
        rules.refuse("damaged", name)
    if kind is not Kind.SYMLINK:
        return Header(name, kind, info.file_size, stat.S_IMODE(mode)), _content(archive, info, rules)
    if info.file_size > _CHUNK:
        rules.refuse("link_escape", name)
    target = b"".join(_content(archive, info, rules)).decode("utf-8", "surrogateescape")
    return Header(name, kind, 0, stat.S_IMODE(mode), target), iter(())


def _kind(name: str, mode: int, rules: Rules) -> Kind:
    kinds = {0: Kind.FILE, stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK}
    kind = kinds.get(stat.S_IFMT(mode))
    if kind is None:
        rules.refuse("special", name)
    named = name.endswith("/")
    if named and stat.S_IFMT(mode) == 0:
        return Kind.DIRECTORY
    if named != (kind is Kind.DIRECTORY):
        rules.refuse("damaged", name)
    return kind


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, rules: Rules) -> Iterator[bytes]:
    """The content, of exactly the declared size; reading to the end checks its CRC."""
    left = info.file_size
    try:
        with archive.open(info) as content:
            while chunk := content.read(_CHUNK):
                left -= len(chunk)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        rules.refuse("damaged", info.orig_filename)
    if left:
        rules.refuse("damaged", info.orig_filename)


def _check_end(file: BinaryIO, rules: Rules, limits: Limits) -> None:
    """The end record must be the file's last bytes, and the directory must end where it begins."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _MOST_COMMENT - _END.size))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        rules.refuse("truncated")
    _, disk, first, here, entries, length, offset, comment = _END.unpack_from(tail, at)
    if 0xFFFF in (here, entries) or 0xFFFFFFFF in (length, offset) or disk or first or here != entries:
        rules.refuse("unsupported")
    if entries > limits.members:
        rules.refuse("members")
    if at + _END.size + comment > len(tail):
        rules.refuse("truncated")
    if at + _END.size + comment < len(tail) or offset + length != size - len(tail) + at:
        rules.refuse("garbage")


def _check_places(file: BinaryIO, infos: list[zipfile.ZipInfo], directory: int, rules: Rules) -> None:
    """Members lie side by side from the first byte on: none inside another, nothing hidden between them."""
    end, slack = 0, _NONE
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset - end not in slack:
            rules.refuse("garbage" if info.header_offset > end else "damaged", info.orig_filename)
        file.seek(info.header_offset)
        *_, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
        end = info.header_offset + _LOCAL.size + name + extra + info.compress_size
        slack = _DESCRIPTORS if info.flag_bits & _DESCRIBED else _NONE
    if directory - end not in slack:
        rules.refuse("garbage" if directory > end else "damaged")
