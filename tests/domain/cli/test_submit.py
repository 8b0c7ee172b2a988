"""``golive submit``: recorded once, as somebody, with what to do next."""

import json

import pytest

from golive.canonical import digest_bytes
from golive.ledger.events import environment_stream, release_stream
from tests.domain.cli.history import NEW


def test_a_release_is_recorded_and_the_next_step_told(golive, configured, ledger, manifest, environments):
    """The round, the digest, the environments that are still unknown and the form of the DAG are told."""
    golive("submit", environments["test"], "--person", "lee.operator")
    found = golive("submit", manifest, "--person", "kim.release")
    assert found.exit_code == 0
    (event,) = ledger.read(release_stream(NEW))
    assert (event.actor, event.data["round"]) == ("kim.release", 1)
    assert f"Recorded release {NEW}, round 1, by kim.release.\n  digest {event.data['manifest']}\n" in found.stdout
    assert "golive submit their files: production\n" in found.stdout
    assert f"      release      {NEW}\n      environment  test\n" in found.stdout
    assert f"golive status {NEW}\n" in found.stdout
    assert found.stderr == f"recording {NEW} with its files\n"


def test_the_same_again_is_no_new_round(golive, configured, ledger, manifest):
    """Submitting the same content says so and records nothing; other content is the next round."""
    golive("submit", manifest, "--person", "kim.release")
    again = golive("submit", manifest, "--person", "kim.release")
    assert again.exit_code == 0
    assert "as round 1. Nothing changed." in again.stdout
    assert len(ledger.read(release_stream(NEW))) == 1
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("effort_hours: 120", "effort_hours: 121"), encoding="utf-8")
    data = json.loads(golive("submit", manifest, "--person", "kim.release", "--json").stdout)
    assert (data["round"], data["new"], data["person"]) == (2, True, "kim.release")
    assert data["trigger"] == {"dag": "release", "release": NEW, "environment": "test"}
    assert data["unknown_environments"] == ["test", "production"]


def test_an_environment_is_recorded(golive, configured, ledger, environments):
    """An environment's file is told by its key, and recorded in its own stream."""
    found = golive("submit", environments["production"], "--json", env={"GOLIVE_PERSON": "lee.operator"})
    assert json.loads(found.stdout)["kind"] == "environment"
    assert [event.actor for event in ledger.read(environment_stream("production"))] == ["lee.operator"]
    assert "Nothing changed" in golive("submit", environments["production"]).stdout


def test_who_submits(golive, configured, ledger, environments):
    """Without a name given, the login name is recorded; a name that is no name is refused."""
    golive("submit", environments["test"], env={"LOGNAME": "park.infra"})
    assert ledger.read(environment_stream("test"))[0].actor == "park.infra"
    for name in ("a\nb", " kim", "x" * 101):
        found = golive("submit", environments["production"], "--person", name)
        assert found.exit_code == 2
        assert "--person NAME" in found.stderr
    assert ledger.streams("environment/") == ("environment/test",)


@pytest.mark.parametrize("damage", ["missing", "changed", "no archive", "outside"])
def test_bad_artifacts_are_refused_and_nothing_is_recorded(golive, configured, ledger, manifest, damage):
    """An artifact that is missing, changed, hostile or outside the folder ends with 2, and no event is written."""
    (artifact,) = (manifest.parent / "build").iterdir()
    if damage == "missing":
        artifact.unlink()
    elif damage == "changed":
        artifact.write_bytes(artifact.read_bytes() + b"more")
    elif damage == "outside":
        artifact.rename(manifest.parent.parent / artifact.name)
        artifact.symlink_to(manifest.parent.parent / artifact.name)
    else:
        old = digest_bytes(artifact.read_bytes())
        artifact.write_bytes(b"not an archive")
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text.replace(old, digest_bytes(b"not an archive")), encoding="utf-8")
    found = golive("submit", manifest, "--person", "kim.release")
    assert found.exit_code == 2
    assert artifact.name in found.stderr
    assert ledger.streams() == ()


@pytest.mark.parametrize("name", ["GOLIVE_SIGNING_KEY", "GOLIVE_HEADS"])
def test_without_a_key_or_heads_nothing_is_recorded(golive, configured, ledger, manifest, name):
    """A submission that could not be signed, or whose head could not be kept, is refused with 5 and the variable."""
    found = golive("submit", manifest, env={name: ""})
    assert found.exit_code == 5
    assert f"{name} is not set" in found.stderr
    assert ledger.streams() == ()
