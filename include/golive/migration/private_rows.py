"""Raw rows that differ or were left behind: in a private file, for a time, and never read without a trace.

``<folder>/<migration>-<stamp>.rows`` is one JSON line about the file, then one per row. ``<folder>/readings.log`` has a
line for each reading, and outlives the files.
"""

import getpass
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from golive.migration.errors import NotPrivate, RowsExpired

LIFETIME = timedelta(days=7)
SUFFIX = ".rows"
READINGS = "readings.log"
_OTHERS = 0o077


@dataclass(frozen=True)
class PrivateRows:
    """A folder that only its owner may enter. Raises ``NotPrivate`` when others may."""

    folder: Path
    lifetime: timedelta = LIFETIME
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    @contextmanager
    def keep(self, migration: str) -> Iterator["Sink"]:
        """A new file to write rows into; one that nothing was written into is not left behind."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private(self.folder)
        self.sweep()
        now = self.now()
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", migration)
        path = self.folder / f"{name}-{now:%Y%m%dT%H%M%S.%f}{SUFFIX}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            sink = Sink(path, file)
            sink.line({"migration": migration, "made": now.isoformat(), "expires": (now + self.lifetime).isoformat()})
            try:
                yield sink
            finally:
                if not sink.rows:
                    path.unlink()

    def read(self, path: Path, reason: str, person: str = "") -> Iterator[dict[str, Any]]:
        """The file's rows; who reads, when and why is written down, and on the disk, before the first one is given.

        Raises ``RowsExpired`` when its time is over, and deletes it.
        """
        _require_private(self.folder)
        _require_private(path)
        with path.open(encoding="utf-8") as file:
            about = json.loads(file.readline())
            if self._over(about):
                path.unlink()
                raise RowsExpired(path=str(path), expired=about["expires"])
            self._note(path, reason, person)
            for line in file:
                yield json.loads(line)

    def files(self) -> tuple[Path, ...]:
        """The files there are, the oldest first."""
        return tuple(sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime))

    def listed(self) -> tuple[tuple[Path, datetime], ...]:
        """The files, and until when each is kept."""
        return tuple((path, datetime.fromisoformat(_about(path)["expires"])) for path in self.files())

    def sweep(self) -> tuple[Path, ...]:
        """Deletes the files whose time is over, and gives their names."""
        over = []
        for path in self.files():
            if self._over(_about(path)):
                path.unlink()
                over.append(path)
        return tuple(over)

    def _over(self, about: dict[str, Any]) -> bool:
        """A file that does not say until when is not kept."""
        expires = about.get("expires")
        return expires is None or self.now() >= datetime.fromisoformat(expires)

    def _note(self, path: Path, reason: str, person: str) -> None:
        who = {"person": person, "login": getpass.getuser(), "uid": os.getuid()}
        entry = {"at": self.now().isoformat(), "file": path.name, **who, "reason": reason}
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with os.fdopen(os.open(self.folder / READINGS, flags, 0o600), "a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())


@dataclass
class Sink:
    """Writes rows into a private file. ``rows`` counts them."""

    path: Path
    file: IO[str]
    rows: int = 0

    def keep(self, row: dict[str, Any]) -> None:
        self.line(row)
        self.rows += 1

    def line(self, content: dict[str, Any]) -> None:
        self.file.write(json.dumps(content, ensure_ascii=False) + "\n")


def default_folder() -> Path:
    """``GOLIVE_PRIVATE_ROWS``, else ``private-rows`` in the embedded stack's folder."""
    named = os.environ.get("GOLIVE_PRIVATE_ROWS")
    return Path(named) if named else Path(os.environ.get("GOLIVE_HOME") or ".golive").absolute() / "private-rows"


def _about(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        found: dict[str, Any] = json.loads(file.readline() or "{}")
    return found


def _require_private(path: Path) -> None:
    """A link, or what another user owns, is as bad as an open door."""
    found = path.lstat()
    if path.is_symlink() or found.st_mode & _OTHERS or found.st_uid != os.getuid():
        raise NotPrivate(path=str(path), mode=oct(found.st_mode & 0o777))
