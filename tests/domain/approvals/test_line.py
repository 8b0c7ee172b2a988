"""The line of a stage comes from the manifest."""

from pathlib import Path

import pytest

from golive.approvals.line import line_for
from golive.approvals.values import Kind
from golive.release.manifest import load_manifest

EXAMPLE = Path(__file__).parents[3] / "include/examples/contact_center/release-2.0.yaml"


@pytest.fixture(scope="module")
def manifest():
    return load_manifest(EXAMPLE)


def test_line_of_the_example(manifest):
    """Each step names everyone with its role, in the line's order."""
    line = line_for(manifest, "cutover", "production")
    assert [(step.kind, step.role, step.people) for step in line.steps] == [
        (Kind.REVIEW, "change_technical", ("park.infra",)),
        (Kind.AGREE, "operations_lead", ("han.lead",)),
        (Kind.DECIDE, "change_business", ("jung.owner",)),
    ]
    assert line.valid_hours == 8


def test_environments_differ(manifest):
    """The first line that names stage and environment is the one."""
    assert [step.kind for step in line_for(manifest, "cutover", "test").steps] == [Kind.DECIDE]


def test_no_line(manifest):
    """A stage that no line names has none."""
    assert line_for(manifest, "training", "production") is None
