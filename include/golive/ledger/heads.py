"""Signed heads outside the database: what a truncated chain cannot hide."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from golive.canonical import canonical
from golive.ledger.chain import Head
from golive.ledger.errors import HeadsUnwritable

SUFFIX = ".jsonl"


def own_file(path: Path, key: str) -> Path:
    """The file to append to: ``path`` itself when it ends in ``.jsonl``, else one in that directory of our own.

    Each host and key has a file, since appending to one file from many hosts is not safe on every file system.
    """
    return path if path.suffix == SUFFIX else path / f"{socket.gethostname()}-{key}{SUFFIX}"


def append_head(path: Path, head: Head) -> None:
    """Appends one line and waits until it is on disk. Raises ``HeadsUnwritable``."""
    line = canonical(asdict(head)) + b"\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A line torn by a power cut must not swallow the next one.
            if _torn(descriptor):
                line = b"\n" + line
            _write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise HeadsUnwritable(path=str(path), cause=error.strerror or str(error)) from error


def read_heads(path: Path) -> tuple[tuple[Head, ...], tuple[str, ...]]:
    """All heads of a file or of a directory's files, and ``file:line`` of every line that is none."""
    heads: list[Head] = []
    unreadable: list[str] = []
    for file in _files(path):
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            head = parse_head(line)
            if head:
                heads.append(head)
            elif line.strip():
                unreadable.append(f"{file.name}:{number}")
    return tuple(heads), tuple(unreadable)


def parse_head(line: bytes) -> Head | None:
    """The head in one line, or nothing."""
    try:
        fields: dict[str, object] = json.loads(line)
        sound = {name: type(value) for name, value in fields.items()} == Head.__annotations__
    except (ValueError, TypeError, AttributeError):
        return None
    return Head(**fields) if sound else None  # type: ignore[arg-type]  # just checked


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(path.glob(f"*{SUFFIX}"))
    elif path.exists():
        yield path


def _torn(descriptor: int) -> bool:
    end = os.fstat(descriptor).st_size
    return end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
