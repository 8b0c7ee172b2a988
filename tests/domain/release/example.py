"""The documented example, and ways to spoil it."""

from pathlib import Path

import pytest

from golive.release.environment import Environment, parse_environment
from golive.release.errors import ManifestInvalid, Problem
from golive.release.manifest import Manifest, parse_manifest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "include/examples/contact_center"
MANIFEST_FILE = FOLDER / "release-2.0.yaml"
ENVIRONMENT_FILE = FOLDER / "environments/production.yaml"
MANIFEST = MANIFEST_FILE.read_text(encoding="utf-8")
ENVIRONMENT = ENVIRONMENT_FILE.read_text(encoding="utf-8")
WITHOUT_MIGRATION = (f"migration:{MANIFEST.partition('migration:')[2].partition('training:')[0]}", "")
"""The change that leaves the databases as they are."""


def spoiled(text: str, *changes: tuple[str, str]) -> str:
    """The text with each first old part replaced by the new one; an old part that is not there is an error."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def manifest(*changes: tuple[str, str]) -> Manifest:
    return parse_manifest(spoiled(MANIFEST, *changes), "release.yaml")


def environment(*changes: tuple[str, str]) -> Environment:
    return parse_environment(spoiled(ENVIRONMENT, *changes), "production.yaml")


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a manifest that must not be accepted."""
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(text, "release.yaml")
    return caught.value.problems


def environment_problems_of(*changes: tuple[str, str]) -> tuple[Problem, ...]:
    """The problems of the example environment after ``changes``, which must not be accepted."""
    with pytest.raises(ManifestInvalid) as caught:
        environment(*changes)
    return caught.value.problems


def keys(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    """What is wrong, and where: (path, key) of each problem."""
    return {(problem.path, problem.finding.key) for problem in problems}
