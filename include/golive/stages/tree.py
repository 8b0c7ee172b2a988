"""The list of a release's members with their digests: what a host's copy is compared with, and nothing beside it."""

import io
import tarfile
from collections.abc import Collection, Iterable
from typing import IO

from golive.canonical import digest_bytes
from golive.release.components import Component

CHUNK = 1024 * 1024


class _Stream(io.RawIOBase):
    """Chunks as a file to read, in flat memory."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


LINK = "@"
"""How the line of a symbolic link begins: ``@ <tab> path <tab> target``. No name in an archive holds a tab."""


def tree_of(bundle: Iterable[bytes], left_out: Collection[str]) -> str:
    """A line ``digest  path`` (what ``sha256sum -c`` reads) for every file of a bundle of ours, and one for every link.

    ``left_out``: files that configuration replaces, so that their content in the bundle means nothing.
    """
    lines = []
    with tarfile.open(fileobj=_Stream(bundle), mode="r|gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name in left_out:
                continue
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                lines.append((name, f"{digest_bytes(_pieces(content)).removeprefix('sha256:')}  {name}"))
            elif member.issym():
                lines.append((name, f"{LINK}\t{name}\t{member.linkname}"))
    return "".join(f"{line}\n" for _, line in sorted(lines))


def beside(component: Component) -> tuple[str, ...]:
    """What may lie in an installed release beside its members: what ``configure`` writes, and where the service may."""
    written = [template.target for template in component.templates]
    return (".golive/launch", *written, *(f"{folder}/*" for folder in component.service.writes))
