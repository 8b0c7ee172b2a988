"""``golive ledger`` and ``golive evidence``: the record shown, verified and taken out."""

import json
import stat

import pytest

from golive.ledger import NewEvent, load_public_keys, verify_export
from golive.ledger.events import release_stream
from tests.domain.cli.history import NEW
from tests.domain.ledger.tamper import Superuser


@pytest.fixture
def tampered(story, postgres, story_database):
    """A superuser has changed who submitted."""
    superuser = Superuser(postgres, story_database, release_stream(NEW))
    superuser.update_event("actor = 'mallory'", 1)
    superuser.close()
    return story


def test_the_record_holds(golive, story):
    """A record that nobody touched holds, all of it and each release."""
    found = golive("ledger", "verify")
    assert (found.exit_code, found.stdout, found.stderr) == (
        0,
        "The record holds: 4 streams, checked against 1 public key(s).\n",
        "",
    )
    assert "1 streams" in golive("ledger", "verify", NEW, "--evidence").stdout
    assert json.loads(golive("ledger", "verify", "--json").stdout) == {"holds": True, "streams": 4, "problems": []}


@pytest.mark.parametrize("words", [(), (NEW,)])
def test_a_changed_event_is_named(golive, tampered, words):
    """A change by a superuser is named with its stream and event, and the exit code is 5."""
    found = golive("ledger", "verify", *words)
    assert found.exit_code == 5
    assert f"release/{NEW}: event 1 was changed." in found.stdout
    assert "The record does not hold: 1 problem(s)" in found.stderr
    korean = golive("ledger", "verify", *words, "--locale", "ko")
    assert "변경" in korean.stdout
    assert "누가 데이터베이스에 접근했는지" in korean.stderr
    data = json.loads(golive("ledger", "verify", *words, "--json").stdout)
    assert [(item["what"], item["sequence"]) for item in data["problems"]] == [("changed", 1)]


def test_a_deleted_release_is_found_by_its_heads(golive, story, postgres, story_database):
    """A release that was wiped from the database is not “unknown” but removed, as long as heads are kept."""
    superuser = Superuser(postgres, story_database, release_stream(NEW))
    superuser.run("DELETE FROM event WHERE stream = %s", superuser.stream)
    superuser.run("DELETE FROM batch WHERE stream = %s", superuser.stream)
    superuser.close()
    assert golive("ledger", "verify", NEW).exit_code == 5
    blind = golive("ledger", "verify", NEW, env={"GOLIVE_HEADS": ""})
    assert "GOLIVE_HEADS is not set" in blind.stderr
    assert blind.exit_code == 2


def test_events_one_a_line(golive, story):
    """Each event is one line with its number, kind, actor and data; nothing in it can move the terminal's cursor."""
    note = NewEvent("stage.returned", {"environment": "test", "reason": "다시\x1b[31m\u202e 하세요"}, "choi.quality")
    story.record(release_stream(NEW), note)
    lines = golive("ledger", "show", NEW).stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == [event.sequence for event in story.read(release_stream(NEW))]
    assert "release.submitted" in lines[0]
    assert "kim.release" in lines[0]
    assert "\x1b" not in lines[-1]
    assert "\u202e" not in lines[-1]
    assert "environment=test" in lines[-1]
    assert "다시" in lines[-1]


def test_events_of_a_kind_as_data(golive, story):
    """``--kind`` takes a whole kind or a family of kinds; ``--json`` prints a line of JSON for each."""
    for kind in ("gate", "gate.asked"):
        (line,) = golive("ledger", "show", NEW, "--kind", kind, "--json").stdout.splitlines()
        event = json.loads(line)
        assert (event["kind"], event["data"]["assignees"]) == ("gate.asked", ["choi.quality"])
        assert event["digest"].startswith("sha256:")
    assert golive("ledger", "show", NEW, "--kind", "gat").stdout == ""
    assert "environment.submitted" in golive("ledger", "show", "test", "--environment").stdout
    unknown = golive("ledger", "show", "tset", "--environment")
    assert unknown.exit_code == 2
    assert "Did you mean test" in unknown.stderr


def test_evidence_proves_itself(golive, story, tmp_path):
    """The export holds the release's whole record, is readable by its owner alone, and verifies without a ledger."""
    file = tmp_path / "evidence.zip"
    found = golive("evidence", "export", NEW, "-o", file)
    assert found.exit_code == 0
    assert f"Exported {NEW} to {file}: " in found.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify_export(file, load_public_keys(tmp_path / "key.pub")) == ()
    again = golive("evidence", "export", NEW, "-o", file)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    data = json.loads(golive("evidence", "export", NEW, "-o", file, "--force", "--json").stdout)
    assert data["holds"] is True
    assert "events.jsonl" in data["files"]


def test_evidence_of_a_tampered_release_says_so(golive, tampered, tmp_path):
    """What does not hold is exported as it is, and the exit code is 5."""
    found = golive("evidence", "export", NEW, "-o", tmp_path / "evidence.zip")
    assert found.exit_code == 5
    assert "event 1 was changed" in found.stderr
    assert (tmp_path / "evidence.zip").exists()


def test_evidence_that_cannot_be_written(golive, story, tmp_path):
    """A folder that does not exist, or a release that does not, ends with 2 and leaves no file."""
    found = golive("evidence", "export", NEW, "-o", tmp_path / "none" / "evidence.zip")
    assert found.exit_code == 2
    assert "cannot be written" in found.stderr
    unknown = golive("evidence", "export", "nothing", "-o", tmp_path / "evidence.zip")
    assert unknown.exit_code == 2
    assert not list(tmp_path.glob("*evidence*"))
