"""A strict reader of tar: ustar, GNU long names and the plain part of pax; everything else is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from golive.hosts.archive_rules import Header, Kind, Rules
from golive.hosts.archive_stream import Unpacked, unpack

_BLOCK = 512
_MOST_META = 1 << 16
_MOST_PADDING = 1 << 20
_KINDS = {b"0": Kind.FILE, b"\0": Kind.FILE, b"5": Kind.DIRECTORY, b"2": Kind.SYMLINK}
_IGNORED = ("mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "LIBARCHIVE.creationtime")
_IGNORED_FAMILIES = ("SCHILY.xattr.", "SCHILY.acl.", "LIBARCHIVE.xattr.")


@dataclass
class _Meta:
    """What headers before a member say of it."""

    values: dict[str, str] = field(default_factory=dict)

    def add(self, more: Mapping[str, str], rules: Rules) -> None:
        if self.values.keys() & more.keys():
            rules.refuse("unsupported")
        self.values.update(more)


def tar_entries(source: Path, rules: Rules, *, zstd: bool) -> Iterator[tuple[Header, Iterator[bytes]]]:
    """Each member with its content, which must be read before the next is asked for."""
    stream = Unpacked(unpack(source, rules, zstd=zstd), rules)
    meta = _Meta()
    while any(block := stream.exactly(_BLOCK)):
        _check_sum(block, rules)
        kind, size = block[156:157], _number(block[124:136], rules)
        if kind in (b"L", b"K", b"x", b"g"):
            rules.counted()
            found = _meta(kind, _content(stream, size, rules), rules)
            meta.add(found, rules)
            continue
        header = _header(block, kind, size, meta.values, rules)
        meta = _Meta()
        yield header, stream.pieces(header.size)
        stream.exactly(-header.size % _BLOCK)
    if meta.values:
        rules.refuse("damaged")
    _check_end(stream, rules)


def _header(block: bytes, kind: bytes, size: int, meta: Mapping[str, str], rules: Rules) -> Header:
    name = meta.get("path") or _name(block, rules)
    if kind == b"1":
        rules.refuse("hardlink", name)
    if kind not in _KINDS:
        rules.refuse("unsupported" if kind in b"SDMVN" else "special", name)
    if "size" in meta:
        size = _decimal(meta["size"], rules)
    found = _KINDS[kind]
    if found is Kind.FILE and name.endswith("/"):
        rules.refuse("name", name)
    if found is not Kind.FILE and size:
        rules.refuse("damaged", name)
    target = meta.get("linkpath") or _text(block[157:257], rules) if found is Kind.SYMLINK else ""
    return Header(name, found, size, _number(block[100:108], rules), target)


def _name(block: bytes, rules: Rules) -> str:
    name = _text(block[0:100], rules)
    prefix = _text(block[345:500], rules) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _check_sum(block: bytes, rules: Rules) -> None:
    if block[257:262] != b"ustar":
        rules.refuse("damaged")
    if sum(block[:148]) + 8 * 32 + sum(block[156:]) != _number(block[148:156], rules):
        rules.refuse("damaged")


def _check_end(stream: Unpacked, rules: Rules) -> None:
    """A second block of zeros ends an archive; after it only padding comes."""
    rest = len(stream.exactly(_BLOCK).strip(b"\0"))
    padding = 0
    while piece := stream.some(_BLOCK * 128):
        padding += len(piece)
        rest += len(piece.strip(b"\0"))
        if rest or padding > _MOST_PADDING:
            break
    if rest or padding > _MOST_PADDING:
        rules.refuse("garbage")


def _content(stream: Unpacked, size: int, rules: Rules) -> bytes:
    if size > _MOST_META:
        rules.refuse("unsupported")
    content = stream.exactly(size)
    stream.exactly(-size % _BLOCK)
    return content


def _meta(kind: bytes, content: bytes, rules: Rules) -> dict[str, str]:
    if kind in (b"L", b"K"):
        return {"path" if kind == b"L" else "linkpath": _text(content, rules)}
    used: dict[str, str] = {}
    for key, value in _records(content, rules):
        if key in _IGNORED or key.startswith(_IGNORED_FAMILIES):
            continue
        if kind == b"g" or key in used or key not in ("path", "linkpath", "size"):
            rules.refuse("unsupported")
        used[key] = value
    return used


def _records(content: bytes, rules: Rules) -> Iterator[tuple[str, str]]:
    """pax records: ``<length> <key>=<value>\\n``. An ignored value may be binary; the others are UTF-8."""
    while content:
        length, _, _ = content.partition(b" ")
        size = _decimal(length[:8].decode("ascii", "replace"), rules)
        record, content = content[:size], content[size:]
        key, equals, value = record[len(length) + 1 :].partition(b"=")
        if len(record) != size or not equals or not value.endswith(b"\n"):
            rules.refuse("damaged")
        name = key.decode("utf-8", "replace")
        yield name, _utf8(value[:-1], rules) if name in ("path", "linkpath", "size") else ""


def _text(raw: bytes, rules: Rules) -> str:
    """A field up to its NUL."""
    return _utf8(raw.partition(b"\0")[0], rules)


def _utf8(raw: bytes, rules: Rules) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        rules.refuse("name", raw.decode("utf-8", "replace"))


def _number(raw: bytes, rules: Rules) -> int:
    """Octal digits, or GNU's base 256 with its first bit set."""
    if raw[0] == 0x80:
        return int.from_bytes(raw[1:], "big")
    digits = raw.strip(b" \0")
    if digits.strip(b"01234567"):
        rules.refuse("damaged")
    return int(digits or b"0", 8)


def _decimal(digits: str, rules: Rules) -> int:
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        rules.refuse("damaged")
    return int(digits)
