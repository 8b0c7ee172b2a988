"""What a member of an archive may be. An archive is checked whole, before anything of it is used."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from golive.canonical import Digest
from golive.hosts.errors import ArchiveRefused


class Kind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"


@dataclass(frozen=True)
class Limits:
    """What an archive may grow to. ``ratio`` counts from ``ratio_from`` unpacked bytes on."""

    members: int = 100_000
    size: int = 8 << 30
    ratio: int = 200
    ratio_from: int = 16 << 20
    path_bytes: int = 1024


@dataclass(frozen=True)
class Header:
    """A member as its archive describes it: nothing of it is checked yet."""

    name: str
    kind: Kind
    size: int
    mode: int
    target: str = ""


@dataclass(frozen=True)
class Member:
    """A checked member. ``path`` is relative, ``mode`` 0644 or 0755, ``digest`` of a file's content (else empty)."""

    path: str
    kind: Kind
    size: int
    mode: int
    target: str
    digest: Digest


class Rules:
    """Takes the members of one archive in order and refuses the first that may not be."""

    def __init__(self, archive: str, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._count = 0
        self._size = 0
        self._seen: set[str] = set()
        self._kinds: dict[str, Kind] = {}
        self._spellings: dict[str, str] = {}

    def refuse(self, reason: str, member: str = "") -> NoReturn:
        raise ArchiveRefused(archive=self._archive, reason=reason, member=member)

    def grown(self, unpacked: int, packed: int) -> None:
        """Call it as an archive is read: refuses what grows as only a bomb does."""
        if unpacked > self._limits.ratio_from and unpacked > self._limits.ratio * packed:
            self.refuse("ratio")

    def counted(self) -> None:
        """One more header of any kind."""
        self._count += 1
        if self._count > self._limits.members:
            self.refuse("members")

    def accept(self, header: Header) -> Member | None:
        """The checked member, its digest still empty; None for the archive's own root, ``./``."""
        self.counted()
        if header.kind is Kind.DIRECTORY and header.name in (".", "./"):
            return None
        self._size += header.size
        if self._size > self._limits.size:
            self.refuse("size", header.name)
        if header.mode & 0o7000:
            self.refuse("privilege", header.name)
        path = self._path(header)
        self._place(path, header.kind)
        if header.kind is Kind.SYMLINK:
            self._link(path, header.target)
        executable = header.kind is not Kind.FILE or header.mode & 0o111
        return Member(path, header.kind, header.size, 0o755 if executable else 0o644, header.target, "")

    def _path(self, header: Header) -> str:
        name = header.name.removeprefix("./")
        if header.kind is Kind.DIRECTORY:
            name = name.removesuffix("/")
        if name.startswith("/"):
            self.refuse("absolute", header.name)
        parts = name.split("/")
        if ".." in parts:
            self.refuse("parent", header.name)
        if not all(_plain(part) for part in parts) or len(name.encode()) > self._limits.path_bytes:
            self.refuse("name", header.name)
        return name

    def _place(self, path: str, kind: Kind) -> None:
        if path in self._seen:
            self.refuse("duplicate", path)
        self._seen.add(path)
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            prefix = "/".join(parts[:depth])
            wanted = kind if depth == len(parts) else Kind.DIRECTORY
            if self._spellings.setdefault(_folded(prefix), prefix) != prefix:
                self.refuse("collision", path)
            if self._kinds.setdefault(prefix, wanted) is not wanted:
                self.refuse("through", path)

    def _link(self, path: str, target: str) -> None:
        """A link may climb only at its beginning, where its folders are real ones, and not above the root."""
        parts = target.split("/")
        climbs = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
        if not target or target.startswith("/") or ".." in parts[climbs:] or climbs > path.count("/"):
            self.refuse("link_escape", path)
        if not all(part == "." or _plain(part) for part in parts[climbs:]):
            self.refuse("name", path)


def _plain(part: str) -> bool:
    """Fit for a name: not empty or a dot, no control, separator, surrogate or change of direction in it."""
    if part in ("", ".", "..") or "\\" in part:
        return False
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return False
    return size <= 255 and not any(_unfit(character) for character in part)


def _unfit(character: str) -> bool:
    turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return turns or unicodedata.category(character) in ("Cc", "Zl", "Zp")


def _folded(path: str) -> str:
    """Equal for paths that a file system which ignores case or Unicode form takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
