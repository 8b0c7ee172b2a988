"""Raw rows: private, expiring, and never read without a trace."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from golive.migration.errors import NotPrivate, RowsExpired
from golive.migration.private_rows import READINGS, PrivateRows

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def rows_at(folder: Path, now: datetime) -> PrivateRows:
    return PrivateRows(folder, timedelta(days=7), lambda: now)


def kept(folder: Path) -> Path:
    with rows_at(folder, NOW).keep("move/../it") as sink:
        sink.keep({"row": "900101-1234567"})
    return sink.path


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Folder and file can be opened by nobody else, and the file lies in the folder whatever the migration's name."""
    path = kept(tmp_path / "private")
    assert path.parent == tmp_path / "private"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_every_reading_is_written_down_before_the_first_row(tmp_path: Path) -> None:
    """Who read which file, when and why stands in the log, which is private too."""
    folder = tmp_path / "private"
    path = kept(folder)
    reading = rows_at(folder, NOW).read(path, "문의 42", "sujin")
    assert next(reading) == {"row": "900101-1234567"}
    entry = json.loads((folder / READINGS).read_text())
    assert (entry["file"], entry["person"], entry["reason"]) == (path.name, "sujin", "문의 42")
    assert "900101" not in (folder / READINGS).read_text()
    assert (folder / READINGS).stat().st_mode & 0o777 == 0o600


def test_an_expired_file_is_refused_and_deleted(tmp_path: Path) -> None:
    """After its time nobody reads it: the one who tries, or the next who writes, deletes it."""
    folder = tmp_path / "private"
    later = rows_at(folder, NOW + timedelta(days=7))
    path = kept(folder)
    with pytest.raises(RowsExpired):
        next(later.read(path, "late"))
    assert not path.exists()
    assert not (folder / READINGS).exists()
    path = kept(folder)
    with later.keep("move"):
        pass
    assert later.files() == ()


def test_an_open_door_is_refused(tmp_path: Path) -> None:
    """Nothing is written where others may enter, nothing read that others may have changed."""
    folder = tmp_path / "private"
    path = kept(folder)
    path.chmod(0o640)
    with pytest.raises(NotPrivate):
        next(rows_at(folder, NOW).read(path, "why"))
    folder.chmod(0o755)
    with pytest.raises(NotPrivate), rows_at(folder, NOW).keep("move"):
        pass
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(NotPrivate), rows_at(tmp_path / "link", NOW).keep("move"):
        pass
