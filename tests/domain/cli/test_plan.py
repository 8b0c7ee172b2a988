"""``golive plan``: what will happen, compared with what serves, and nothing changed by it."""

import json

from golive.canonical import digest_bytes
from golive.ledger.rows import snapshot
from tests.domain.cli.history import NEW, OLD, planned, serve, submitted


def state_of(ledger, folder):
    """Everything that a plan could change: all rows of the ledger, and all files."""
    rows = {name: ledger.database.run(lambda c, name=name: snapshot(c, name)) for name in ledger.streams()}
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
    assert {"environment", "install", "cutover"} <= {step["stage"] for step in data["plan"]["steps"]}


def test_planning_changes_nothing(golive, configured, ledger, manifest, environments, tmp_path):
    """Not one row of the ledger and not one file is another after a plan, in every form of the command."""
    submitted(ledger, tmp_path)
    before = state_of(ledger, tmp_path)
    for words in ((), ("--environment", "production"), ("--environment-file", environments["test"]), ("--json",)):
        assert golive("plan", manifest, *words).exit_code == 0
    assert state_of(ledger, tmp_path) == before


def test_the_plan_is_the_one_that_is_approved(golive, configured, ledger, manifest, tmp_path):
    """The printed digest is that of the plan which a stage opens with, also after the release went live."""
    submitted(ledger, tmp_path)
    first = json.loads(golive("plan", manifest, "--environment", "test", "--json").stdout)
    assert first["digest"] == planned(ledger, NEW, "test").digest
    serve(ledger, NEW, "test")
    again = json.loads(golive("plan", manifest, "--environment", "test", "--json").stdout)
    assert again["digest"] == first["digest"]
    assert again["serving"] == NEW
    assert "Nothing differs" in golive("plan", manifest, "--diff").stdout or again["difference"]["changed"] == []


def test_the_difference_to_what_serves(golive, configured, ledger, manifest, tmp_path):
    """Against the release that serves, the plan names the steps that differ in words and those that differ inside."""
    submitted(ledger, tmp_path)
    serve(ledger, OLD, "production")
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


def test_an_unknown_environment_names_what_could_be_meant(golive, configured, ledger, manifest, tmp_path):
    """An environment outside the path, or never submitted, is refused with the names that could be meant."""
    found = golive("plan", manifest, "--environment", "test")
    assert found.exit_code == 2
    assert "Submit its file" in found.stderr
    submitted(ledger, tmp_path)
    wrong = golive("--locale", "ko", "plan", manifest, "--environment", "prodution")
    assert wrong.exit_code == 2
    assert "혹시 production인가요?" in wrong.stderr


def test_an_environment_that_does_not_fit(golive, manifest, environments, tmp_path):
    """A plan is not made for an environment that lacks what the release needs."""
    place = tmp_path / "test.yaml"
    text = environments["test"].read_text(encoding="utf-8")
    place.write_text(text.replace("environment: test", "environment: elsewhere"), encoding="utf-8")
    found = golive("plan", manifest, "--environment-file", place)
    assert found.exit_code == 2
    assert f"{place}:3:" in found.stderr
    assert found.stdout == ""
