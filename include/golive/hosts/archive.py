"""The strict reader of tar.gz, tar.zst and zip, and the writer of the plain tar.gz that hosts unpack.

A host never meets a member that was not checked here, and needs neither zstd nor unzip. Memory is flat in the size
of the files; it grows with their number, which is limited.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from golive.hosts.archive_rules import Header, Kind, Limits, Member, Rules
from golive.hosts.archive_tar import tar_entries
from golive.hosts.archive_zip import zip_entries
from golive.hosts.errors import ArchiveRefused

__all__ = ["Kind", "Limits", "Member", "inspect", "repack"]

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_TYPES = {Kind.FILE: tarfile.REGTYPE, Kind.DIRECTORY: tarfile.DIRTYPE, Kind.SYMLINK: tarfile.SYMTYPE}


def inspect(source: Path, limits: Limits = Limits()) -> tuple[Member, ...]:  # noqa: B008 - frozen
    """All members in the archive's order, each read to its end. Raises ``ArchiveRefused``."""
    return tuple(_digested(member, content) for member, content in _checked(source, limits))


def repack(source: Path, limits: Limits = Limits()) -> tuple[Iterator[bytes], tuple[Member, ...]]:  # noqa: B008
    """The chunks of a plain tar.gz with the same members in the same order, and the members.

    Times, owners and extended attributes are dropped and modes are 0644 or 0755, so the same content gives the same
    bytes (with the same zlib). The archive is checked whole before this returns; the chunks are made as they are read.
    """
    members = inspect(source, limits)
    return _bundle(source, limits, members), members


def _checked(source: Path, limits: Limits) -> Iterator[tuple[Member, Iterator[bytes]]]:
    rules = Rules(source.name, limits)
    for header, content in _entries(source, rules, limits):
        member = rules.accept(header)
        if member is not None:
            yield member, content
        for _ in content:  # what the caller left, so that the next member begins at the right place
            continue


def _entries(source: Path, rules: Rules, limits: Limits) -> Iterator[tuple[Header, Iterator[bytes]]]:
    with source.open("rb") as file:
        magic = file.read(4)
    if magic == _ZIP:
        return zip_entries(source, rules, limits)
    if not magic.startswith(_GZIP) and magic != _ZSTD:
        rules.refuse("magic")
    return tar_entries(source, rules, zstd=magic == _ZSTD)


def _digested(member: Member, content: Iterator[bytes]) -> Member:
    running = hashlib.sha256()
    for chunk in content:
        running.update(chunk)
    return replace(member, digest=f"sha256:{running.hexdigest()}") if member.kind is Kind.FILE else member


def _bundle(source: Path, limits: Limits, members: tuple[Member, ...]) -> Iterator[bytes]:
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    for plain in _tar(source, limits, members):
        if packed := engine.compress(plain):
            yield packed
    yield engine.flush()


def _tar(source: Path, limits: Limits, members: tuple[Member, ...]) -> Iterator[bytes]:
    expected = iter(members)
    for member, content in _checked(source, limits):
        known = next(expected, None)
        if known is None or replace(known, digest="") != member:
            raise ArchiveRefused(archive=source.name, reason="changed", member=member.path)
        yield _tar_header(member)
        running = hashlib.sha256()
        for chunk in content:
            running.update(chunk)
            yield chunk
        if known.digest not in ("", f"sha256:{running.hexdigest()}"):
            raise ArchiveRefused(archive=source.name, reason="changed", member=member.path)
        yield bytes(-member.size % tarfile.BLOCKSIZE)
    if next(expected, None) is not None:
        raise ArchiveRefused(archive=source.name, reason="changed")
    yield bytes(2 * tarfile.BLOCKSIZE)


def _tar_header(member: Member) -> bytes:
    """GNU rather than pax: busybox reads long names in it, and takes no notice of pax."""
    info = tarfile.TarInfo(member.path)
    info.type, info.size, info.mode, info.linkname = _TYPES[member.kind], member.size, member.mode, member.target
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
