import json
import pickle
import shutil

import pytest

from golive.release.errors import ManifestInvalid
from golive.release.manifest import load_manifest, manifest_from_data, parse_manifest
from tests.domain.release.example import MANIFEST, MANIFEST_FILE, keys, manifest, problems_of, spoiled

MANY = spoiled(
    MANIFEST,
    ("locale: ko", "locale: kr"),
    ("drafter: kim.release ", "drafter: kim.relase "),
    ("effort_hours: 120", "effort_hours: many"),
    ("risk: medium", "risk: huge\n    rsk: low"),
    ("role: app ", "rôle: app "),
    ("drain_seconds: 10", "drain_second: 10"),
    ("quorum: 1, within_hours: 24}", "quorum: 5, within_hours: 24}"),
)


def test_all_problems_are_told_at_once():
    """Shapes, unknown keys, names that do not exist and rules between sections come in one report."""
    assert keys(problems_of(MANY)) == {
        ("locale", "not_a_choice"),
        ("drafter", "unknown_person"),
        ("changes[0].effort_hours", "needs_integer"),
        ("changes[0].risk", "not_a_choice"),
        ("changes[0].rsk", "unknown_key"),
        ("components.api.rôle", "unknown_key"),
        ("components.api.role", "missing"),
        ("cutover.drain_second", "unknown_key"),
        ("cutover.drain_seconds", "missing"),
        ("approvals[0].steps[0].quorum", "quorum_too_high"),
    }


def test_every_problem_stands_where_it_is():
    """The line and column of each problem point at what is wrong: the value, or the key when that is wrong."""
    lines = MANY.splitlines()
    written = {
        "locale": "kr",
        "changes[0].effort_hours": "many",
        "changes[0].rsk": "rsk",
        "components.api.rôle": "rôle",
        "components.api.role": "api:",
        "cutover.drain_second": "drain_second",
        "approvals[0].steps[0].quorum": "5",
    }
    placed = {problem.path: lines[problem.line - 1][problem.column - 1 :] for problem in problems_of(MANY)}
    for path, text in written.items():
        assert placed[path].startswith(text), path


def test_problems_come_in_the_order_of_the_file():
    """A person corrects a file from top to bottom."""
    places = [(problem.line, problem.column) for problem in problems_of(MANY)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ("drafter: kim.release ", "drafter: kim.relase ", "kim.release"),
        ("locale: ko", "locale: kor", "ko"),
        ("kind: review", "kind: revew", "review"),
        ("drain_seconds", "drain_second", "drain_seconds"),
        ("stop_seconds", "stop_second", "stop_seconds"),
        ("services: [api]", "services: [apj]", "api"),
        ("environments: [test]", "environments: [tset]", "test"),
        ("role: quality", "role: qualty", "quality"),
        ("field: password", "field: pasword", "password"),
    ],
)
def test_the_nearest_known_name_is_suggested(old, new, suggestion):
    """A typing error is answered with the key or name that was meant."""
    problems = problems_of(spoiled(MANIFEST, (old, new)))
    assert suggestion in [problem.finding.suggestion for problem in problems]
    assert any(f"Did you mean {suggestion}?" in problem.message("en") for problem in problems)


def test_a_name_like_no_other_gets_no_suggestion():
    """A suggestion that nobody could have meant would mislead."""
    (problem,) = problems_of(spoiled(MANIFEST, ("locale: ko", "locale: ko\nzzzzzz: 1")))
    assert problem.finding.suggestion is None


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_error_says_everything_in_each_language(locale):
    """The message begins with the count and gives each problem a line with file, line and column."""
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(MANY, "release.yaml")
    head, *lines = caught.value.message(locale).splitlines()
    assert "10" in head
    assert len(lines) == 10
    assert all(line.startswith("release.yaml:") for line in lines)


def test_a_hostile_key_forges_no_line():
    """A key with a line break or a direction change is shown escaped, so that one problem is one line."""
    text = spoiled(MANIFEST, ("locale: ko", 'locale: ko\n"a\\nINFO all good\\u202e\\e[31m": 1'))
    message = problems_of(text)[0].message("en")
    assert message.isprintable()
    assert "\\n" in message


def test_the_error_passes_between_processes():
    """An error with its problems can be pickled, as Airflow does with what a task raises."""
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(MANY, "release.yaml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.message("ko") == caught.value.message("ko")


def test_problems_are_data_for_programs():
    """Each problem is JSON with place, path, key and message."""
    data = json.loads(json.dumps([problem.as_data() for problem in problems_of(MANY)]))
    assert {"file", "line", "column", "path", "key", "message", "suggestion"} == set(data[0])


def test_stored_data_that_is_damaged_is_refused():
    """What comes back from a store with a stray key is not taken for a manifest."""
    with pytest.raises(ManifestInvalid, match="stray"):
        manifest_from_data({**manifest().as_data(), "stray": 1})


def test_an_unknown_template_name_is_told_with_the_rest(tmp_path):
    """Templates are compared with what is declared in the same report as everything else."""
    (tmp_path / "templates").mkdir()
    shutil.copytree(MANIFEST_FILE.parent / "migration", tmp_path / "migration")
    (tmp_path / "templates/app.conf.template").write_text("@environment_title@ @unknown@\n")
    (tmp_path / "release.yaml").write_text(spoiled(MANIFEST, ("locale: ko", "locale: kr")), encoding="utf-8")
    with pytest.raises(ManifestInvalid) as caught:
        load_manifest(tmp_path / "release.yaml")
    found = {problem.finding.key for problem in caught.value.problems}
    assert found == {"not_a_choice", "template_unknown", "template_unused"}


def test_the_example_has_no_problem():
    """The text that all these tests spoil is itself accepted."""
    assert load_manifest(MANIFEST_FILE) == manifest()
