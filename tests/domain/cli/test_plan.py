"""``golive plan``: what will happen, compared with what serves, and nothing changed by it."""

import json

from golive.canonical import digest_bytes
from golive.texts import text
from tests.domain.cli.history import NEW, OLD, planned, serve


def state_of(postgres, database, folder):
    """Everything that a plan could change: all rows of the ledger, and all files."""
    tables = ("event", "batch", "evidence", "evidence_chunk")
    with postgres.connect(database) as connection:
        rows = {name: sorted(map(str, connection.execute(f"SELECT * FROM ledger.{name}"))) for name in tables}
    files = {path: digest_bytes(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}
    return rows, files


def test_a_plan_needs_no_ledger(golive, manifest, environments):
    """With an environment's file the plan is made without a ledger, and says what it could not know."""
    found = golive("plan", manifest, "--environment-file", environments["test"])
    assert found.exit_code == 0
    assert "Not compared with what serves in test." in found.stdout
    assert "The ledger was not asked" in found.stderr
    assert "golive up" in found.stderr
    data = json.loads(golive("plan", manifest, "--environment-file", environments["test"], "--json").stdout)
    assert data["digest"] in found.stdout
    assert data["ledger_asked"] is False
    assert data["difference"] is None
    assert {"environment", "install", "migration", "cutover"} <= {step["stage"] for step in data["plan"]["steps"]}


def test_planning_changes_nothing(golive, story, postgres, story_database, manifest, environments, tmp_path):
    """Not one row of the ledger and not one file is another after a plan, in every form of the command."""
    before = state_of(postgres, story_database, tmp_path)
    for words in ((), ("--environment", "production"), ("--environment-file", environments["test"]), ("--json",)):
        assert golive("plan", manifest, *words).exit_code == 0
    assert state_of(postgres, story_database, tmp_path) == before


def test_the_plan_is_the_one_that_is_approved(golive, story, manifest):
    """The printed digest is that of the plan which a stage opens with, also after the release went live."""
    words = ("plan", manifest, "--environment", "production", "--json")
    first = json.loads(golive(*words).stdout)
    assert first["digest"] == planned(story, NEW, "production").digest
    serve(story, NEW, "production")
    again = json.loads(golive(*words).stdout)
    assert again["digest"] == first["digest"]
    assert again["serving"] == NEW
    assert again["difference"] == {"added": [], "removed": [], "changed": [], "reordered": False}
    output = golive("plan", manifest, "--environment", "production", "--diff").stdout
    assert output.splitlines()[1:] == [text("release.plan_same", "en")]


def test_the_difference_to_what_serves(golive, story, manifest):
    """Against the release that serves, the plan names the steps that differ in words and those that differ inside."""
    found = golive("plan", manifest, "--environment", "production", "--diff")
    assert found.exit_code == 0
    assert found.stdout.startswith(f"Against {OLD}, which serves in production now:\n")
    assert "The same words, other content (" in found.stdout
    assert "1.0.0" in found.stdout
    assert "2.0.0" in found.stdout
    whole = golive("plan", manifest, "--environment", "production")
    assert whole.stdout.endswith(found.stdout)
    assert golive("plan", manifest, "--environment", "test", "--diff").stdout == (
        "Nothing serves in test yet: every step is new.\n"
    )


def test_an_unknown_environment_names_what_could_be_meant(golive, story, manifest):
    """An environment outside the release's path is refused with the names that could be meant."""
    wrong = golive("--locale", "ko", "plan", manifest, "--environment", "prodution")
    assert wrong.exit_code == 2
    assert "혹시 production인가요?" in wrong.stderr


def test_an_environment_that_was_never_submitted(golive, configured, manifest):
    """An environment of the path that the ledger does not know is refused, and what to do is told."""
    found = golive("plan", manifest)
    assert found.exit_code == 2
    assert "Environment “test” is not known" in found.stderr
    assert "Submit its file" in found.stderr


def test_an_environment_that_does_not_fit(golive, manifest, environments, tmp_path):
    """A plan is not made for an environment that lacks what the release needs."""
    place = tmp_path / "test.yaml"
    content = environments["test"].read_text(encoding="utf-8")
    place.write_text(content.replace("environment: test", "environment: elsewhere"), encoding="utf-8")
    found = golive("plan", manifest, "--environment-file", place)
    assert found.exit_code == 2
    assert f"{place}:3:" in found.stderr
    assert found.stdout == ""
