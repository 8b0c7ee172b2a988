"""The list of a release's files with their digests: what a host's copy is compared with."""

import io
import tarfile
from collections.abc import Collection, Iterable
from typing import IO

from golive.canonical import digest_bytes

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


def tree_of(bundle: Iterable[bytes], left_out: Collection[str]) -> str:
    """Lines of ``digest  path`` (what ``sha256sum -c`` reads) for every file of a bundle of ours, sorted by path.

    ``left_out``: files that configuration replaces, so that their content in the bundle means nothing.
    """
    lines = []
    with tarfile.open(fileobj=_Stream(bundle), mode="r|gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            name = member.name.removeprefix("./")
            if content is not None and name not in left_out:
                lines.append((name, digest_bytes(_pieces(content)).removeprefix("sha256:")))
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(lines))
