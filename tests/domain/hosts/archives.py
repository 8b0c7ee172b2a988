"""Archives of every kind, also those that no honest tool writes."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", **fields: Any) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def folder(name: str, **fields: Any) -> Member:
    return member(name, type=tarfile.DIRTYPE, mode=0o755, **fields)


def link(name: str, target: str) -> Member:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def tar(*members: Member, format: int = tarfile.GNU_FORMAT) -> bytes:  # noqa: A002
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=format) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def tar_gz(*members: Member) -> bytes:
    return gzip.compress(tar(*members), mtime=0)


def tar_zst(*members: Member) -> bytes:
    return zstandard.ZstdCompressor().compress(tar(*members))


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = comment
    return sink.getvalue()


def zip_member(name: str, mode: int, *, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = mode << 16
    return info


def changed(content: bytes, at: int, to: bytes) -> bytes:
    return content[:at] + to + content[at + len(to) :]


def _bad_sum() -> bytes:
    return gzip.compress(changed(tar(member("a", b"1")), 148, b"0000000\0"))


def _encrypted() -> bytes:
    plain = zipped(("a", b"1"))
    central = plain.index(b"PK\x01\x02")
    return changed(changed(plain, 6, b"\x01"), central + 8, b"\x01")


def _other_local_name() -> bytes:
    plain = zipped(("good", b"1"))
    return changed(plain, 30, b"evil")


def _longer_than_real() -> bytes:
    plain = zipped(("a", b"1"))
    central = plain.index(b"PK\x01\x02")
    return changed(changed(plain, 22, b"\x09"), central + 24, b"\x09")


def _overlapping() -> bytes:
    """Two directory entries over one local member."""
    plain = zipped(("a", b"1" * 99), ("b", b"2" * 99))
    second = plain.index(b"PK\x01\x02", plain.index(b"PK\x01\x02") + 1)
    return changed(plain, second + 42, b"\0\0\0\0")


LONG = "d/" * 60 + "f"
SETUID = 0o4755

REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "absolute": ("absolute", lambda: tar_gz(member("/etc/passwd", b"x"))),
    "parent": ("parent", lambda: tar_gz(member("a/../../x", b"x"))),
    "parent alone": ("parent", lambda: tar_gz(folder(".."))),
    "parent in zst": ("parent", lambda: tar_zst(member("../x", b"x"))),
    "parent in zip": ("parent", lambda: zipped(("../x", b"x"))),
    "absolute in zip": ("absolute", lambda: zipped(("/x", b"x"))),
    "empty segment": ("name", lambda: tar_gz(member("a//b"))),
    "dot segment": ("name", lambda: tar_gz(member("a/./b"))),
    "newline": ("name", lambda: tar_gz(member("a\nb"))),
    "escape": ("name", lambda: tar_gz(member("a\x1b[31m"))),
    "right to left": ("name", lambda: tar_gz(member("a\u202etxt.exe"))),
    "backslash": ("name", lambda: tar_gz(member("a\\b"))),
    "not UTF-8": ("name", lambda: tar_gz(member("\udcff"))),
    "long segment": ("name", lambda: tar_gz(member("가" * 86))),
    "long path": ("name", lambda: tar_gz(member("d/" * 512 + "f"))),
    "korean code page in zip": ("name", lambda: zipped(("aaaa", b"1")).replace(b"aaaa", "한글".encode("cp949"))),
    "NUL in zip": ("name", lambda: zipped(("aaaa", b"1")).replace(b"aaaa", b"a\0/b")),
    "duplicate": ("duplicate", lambda: tar_gz(member("a", b"1"), member("./a", b"2"))),
    "duplicate folder": ("duplicate", lambda: tar_gz(folder("a"), folder("a/"))),
    "case": ("collision", lambda: tar_gz(member("Readme"), member("README"))),
    "case of a folder": ("collision", lambda: tar_gz(member("Lib/a"), member("lib/b"))),
    "Unicode form": ("collision", lambda: tar_gz(member("각"), member("\u1100\u1161\u11a8"))),
    "case in zip": ("collision", lambda: zipped(("a", b""), ("A", b""))),
    "through a link": ("through", lambda: tar_gz(folder("d"), link("a", "d"), member("a/x", b"1"))),
    "through a file": ("through", lambda: tar_gz(member("a", b"1"), member("a/x", b"1"))),
    "link over a folder": ("through", lambda: tar_gz(member("a/x", b"1"), link("a", "b"))),
    "link out": ("link_escape", lambda: tar_gz(link("a", "../x"))),
    "link out deep": ("link_escape", lambda: tar_gz(link("d/a", "../../x"))),
    "link absolute": ("link_escape", lambda: tar_gz(link("a", "/etc"))),
    "link empty": ("link_escape", lambda: tar_gz(link("a", ""))),
    "link that climbs late": ("link_escape", lambda: tar_gz(link("d/e/s", "../.."), link("y", "d/e/s/../x"))),
    "link out in zip": ("link_escape", lambda: zipped((zip_member("a", stat.S_IFLNK | 0o777), b"../x"))),
    "link with newline": ("name", lambda: tar_gz(link("a", "b\nc"))),
    "hard link": ("hardlink", lambda: tar_gz(member("a", b"1"), member("b", type=tarfile.LNKTYPE, linkname="a"))),
    "character device": ("special", lambda: tar_gz(member("a", type=tarfile.CHRTYPE))),
    "block device": ("special", lambda: tar_gz(member("a", type=tarfile.BLKTYPE))),
    "FIFO": ("special", lambda: tar_gz(member("a", type=tarfile.FIFOTYPE))),
    "FIFO in zip": ("special", lambda: zipped((zip_member("a", stat.S_IFIFO | 0o644), b""))),
    "setuid": ("privilege", lambda: tar_gz(member("a", mode=SETUID))),
    "setgid folder": ("privilege", lambda: tar_gz(member("a", type=tarfile.DIRTYPE, mode=0o2755))),
    "setuid in zip": ("privilege", lambda: zipped((zip_member("a", stat.S_IFREG | SETUID), b""))),
    "empty file": ("magic", lambda: b""),
    "plain tar": ("magic", lambda: tar(member("a"))),
    "html": ("magic", lambda: b"<html>not found</html>"),
    "cut gzip": ("truncated", lambda: tar_gz(member("a", bytes(range(256)) * 40))[:-9]),
    "cut zstd": ("truncated", lambda: tar_zst(member("a", bytes(range(256)) * 40))[:-9]),
    "cut tar": ("truncated", lambda: gzip.compress(tar(member("a", b"1" * 5000))[:2048])),
    "no end": ("truncated", lambda: gzip.compress(tar(member("a", b"1"))[:1024])),
    "cut zip": ("truncated", lambda: zipped(("a", b"1"))[:-4]),
    "zip without end": ("truncated", lambda: zipped(("a", b"1"))[:40]),
    "bytes after gzip": ("garbage", lambda: tar_gz(member("a")) + b"x"),
    "second gzip": ("garbage", lambda: tar_gz(member("a")) + tar_gz(member("b"))),
    "bytes after zstd": ("garbage", lambda: tar_zst(member("a")) + b"x"),
    "bytes after tar": ("garbage", lambda: gzip.compress(tar(member("a")) + b"x" * 512)),
    "bytes after zip": ("garbage", lambda: zipped(("a", b"1")) + b"x"),
    "flipped bit": ("damaged", lambda: changed(tar_gz(member("a", b"1" * 99)), 40, b"\0\0\0")),
    "wrong sum": ("damaged", _bad_sum),
    "not a header": ("damaged", lambda: gzip.compress(b"hello" * 300)),
    "folder with content": ("damaged", lambda: tar_gz(member("a", b"12", type=tarfile.DIRTYPE))),
    "flipped bit in zip": ("damaged", lambda: changed(zipped(("a", b"123456789")), 33, b"\0\0")),
    "two names in zip": ("damaged", _other_local_name),
    "longer than real in zip": ("damaged", _longer_than_real),
    "overlapping in zip": ("damaged", _overlapping),
    "sparse": ("unsupported", lambda: tar_gz(member("a", type=tarfile.GNUTYPE_SPARSE))),
    "pax sparse": ("unsupported", lambda: gzip.compress(_pax({"GNU.sparse.major": "1"}))),
    "pax global path": ("unsupported", lambda: gzip.compress(pax_global({"path": "/etc/passwd"}))),
    "encrypted zip": ("unsupported", _encrypted),
    "bomb in gzip": ("ratio", lambda: tar_gz(member("a", bytes(20 << 20)))),
    "bomb in zstd": ("ratio", lambda: tar_zst(member("a", bytes(20 << 20)))),
    "bomb in zip": ("ratio", lambda: zipped(("a", bytes(20 << 20)))),
}


def _pax(values: dict[str, str]) -> bytes:
    return tar(member("a", b"1", pax_headers=values), format=tarfile.PAX_FORMAT)


def pax_global(values: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT, pax_headers=values) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return sink.getvalue()


def write(folder: Path, content: bytes, name: str = "artifact") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
