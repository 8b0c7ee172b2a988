"""``golive validate``: all problems at once, each at its place."""

import json
from pathlib import Path

import pytest

from golive.texts import LOCALES

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def spoiled(manifest) -> Path:
    """A manifest with three mistakes in three places."""
    text = manifest.read_text(encoding="utf-8")
    for old, new in (("locale: ko", "locale: fr"), ("quorum: 1", "quorum: 9"), ("drain_seconds", "drain_second")):
        assert old in text
        text = text.replace(old, new, 1)
    manifest.write_text(text, encoding="utf-8")
    return manifest


def test_what_is_right_is_said_with_its_digest(golive, manifest, environments):
    """A valid release and its environments are named, with the digests that approvals will be bound to."""
    found = golive("validate", manifest, *environments.values())
    assert found.exit_code == 0
    assert f"{manifest}: valid release contact-center-2.0, version 2.0.0\n  digest sha256:" in found.stdout
    assert "valid environment production\n" in found.stdout
    assert "contact-center-2.0 fits test, production\n" in found.stdout
    assert found.stderr == ""


@pytest.mark.parametrize("locale", LOCALES)
def test_all_problems_are_named_at_once(golive, spoiled, locale):
    """Every mistake is told with file, line and column, and the nearest known key, in the chosen language."""
    found = golive("--locale", locale, "validate", spoiled)
    assert found.exit_code == 2
    assert found.stdout == ""
    expected = (GOLDEN / f"validate_problems.{locale}.txt").read_text(encoding="utf-8")
    assert found.stderr.replace(str(spoiled), "release.yaml") == expected


def test_problems_as_data(golive, spoiled, environments):
    """As JSON the problems are data on standard output, and the exit code is the same."""
    found = golive("validate", spoiled, environments["test"], "--json")
    assert found.exit_code == 2
    data = json.loads(found.stdout)
    assert data["valid"] is False
    assert [file["kind"] for file in data["files"]] == ["release", "environment"]
    problems = data["files"][0]["problems"]
    assert [(item["key"], item["line"] > 1) for item in problems] == [
        ("not_a_choice", True),
        ("quorum_too_high", True),
        ("missing", True),
        ("unknown_key", True),
    ]


def test_an_environment_that_lacks_something_does_not_fit(golive, manifest, environments, tmp_path):
    """What the release needs and the environment lacks is told at its place in the environment's file."""
    place = tmp_path / "test.yaml"
    text = environments["test"].read_text(encoding="utf-8")
    place.write_text(text.replace('api_port: "18070"', 'api_port: "0"'), encoding="utf-8")
    found = golive("validate", place, manifest)
    assert found.exit_code == 2
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "api_port" in row)
    assert f"{place}:{line}:" in found.stderr
    assert "hosts.app1.variables.api_port" in found.stderr


def test_an_artifact_that_is_not_built_is_noted(golive, manifest):
    """Without its artifact a manifest is valid, and a changed artifact is a problem."""
    (artifact,) = (manifest.parent / "build").iterdir()
    artifact.write_bytes(artifact.read_bytes() + b"more")
    changed = golive("validate", manifest)
    assert changed.exit_code == 2
    assert "differs" in changed.stderr or "digest" in changed.stderr
    artifact.unlink()
    missing = golive("validate", manifest)
    assert missing.exit_code == 0
    assert f"not there yet: build/{artifact.name}; build it before golive submit" in missing.stdout
    assert "digest sha256:" not in missing.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"schema: 1\n", "is neither a release nor an environment"),
        (b"", "the file is empty"),
        (b"release: \xff\n", "not UTF-8"),
        (b"schema: 1\nrelase: x\ncomponents: {}\npath: []\n", "Did you mean release?"),
        (b"schema: 1\nenvronment: x\nhosts: {}\n", "Did you mean environment?"),
    ],
)
def test_files_that_are_something_else(golive, tmp_path, content, said):
    """A file that is no manifest is refused with what to do; a misspelt first key is recognized by the others."""
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    found = golive("validate", file)
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_missing_file_is_a_problem_like_others(golive, tmp_path, environments):
    """A file that cannot be read does not hide what is said of the others."""
    found = golive("validate", tmp_path / "none.yaml", environments["test"], "--json")
    assert found.exit_code == 2
    first, second = json.loads(found.stdout)["files"]
    assert first["problems"][0]["key"] == "unreadable"
    assert second["digest"].startswith("sha256:")
