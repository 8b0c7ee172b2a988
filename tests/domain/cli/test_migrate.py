"""``golive migrate rows``: raw rows for whoever says why."""

import json

from golive.migration.private_rows import PrivateRows


def test_rows_are_shown_to_whoever_says_why(golive, tmp_path, monkeypatch):
    """The list names the file; the file is printed as it is, after the reading was written down; no reason, no rows."""
    folder = tmp_path / "private"
    monkeypatch.setenv("GOLIVE_PRIVATE_ROWS", str(folder))
    assert golive("--locale", "en", "migrate", "rows").output == "There is no private file of rows.\n"
    with PrivateRows(folder).keep("move") as sink:
        sink.keep({"source": ["홍길동", "a\x1b[31m"], "target": None})
    assert sink.path.name in golive("migrate", "rows").output
    refused = golive("--locale", "en", "migrate", "rows", str(sink.path), "--reason", " ", "--person", "lee")
    assert refused.exit_code == 2
    assert "홍길동" not in refused.output
    shown = golive("migrate", "rows", str(sink.path), "--reason", "문의 4711", "--person", "lee.data")
    assert shown.exit_code == 0
    assert json.loads(shown.output) == {"source": ["홍길동", "a\x1b[31m"], "target": None}
    assert "\x1b" not in shown.output
    reading = json.loads((folder / "readings.log").read_text())
    assert (reading["person"], reading["reason"], reading["file"]) == ("lee.data", "문의 4711", sink.path.name)
    folder.chmod(0o755)
    assert golive("migrate", "rows", str(sink.path), "--reason", "why", "--person", "lee").exit_code == 3
