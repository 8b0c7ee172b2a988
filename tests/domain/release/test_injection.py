import json

import pytest
from pydantic import TypeAdapter, ValidationError

from golive.release import shapes
from golive.release.manifest import manifest_from_data
from golive.release.templates import render
from tests.domain.release.example import MANIFEST, environment, keys, manifest, problems_of, spoiled

HARMLESS = [
    "; rm -rf ~",
    "$(id)",
    "`id`",
    "a | b && c",
    "-rf",
    "* ? [a-z]",
    "'\"",
    "${IFS}",
    "{{ ds }} {{ var.value.x }}",
    "{% for x in y %}",
    "{0} {name} %s %(x)s",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "<!channel>",
    "\\N",
    "\\.",
    "'; DROP TABLE event; --",
    "e\u0301 한글 \u1112\u1161\u11ab 👩\u200d💻",
]
HARMFUL = {
    "line feed": "a\nINFO forged",
    "carriage return": "a\rb",
    "NUL": "a\0b",
    "ANSI escape": "\x1b[2Ja",
    "tab": "a\tb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2066b",
}
TEXT_FIELDS = (
    "title: 상담 이력 통합 조회",
    "test_report: TR-2026-0117",
    "metadata: [consultation]",
    "contains: 고객상담센터",
    "name: 김릴리",
    "unit: percent",
    "audience: 상담원",
)
NAME_FIELDS = (
    "drafter: kim.release",
    "release: contact-center-2.0",
    "path: [test, production]",
    "role: app ",
    "target: etc/app.conf",
    "file: build/contact-center-api-2.0.0.tar.gz",
    "id: CSR-2026-0117",
    "name: home_page",
    "source_revisions: [git:4f1c2ab]",
    "connection: database/main",
    "commands: [nohup]",
    'channel: "#contact-center-release"',
)
NAME_SHAPES = {
    name: getattr(shapes, name)
    for name in (
        "Name", "Identifier", "ChangeId", "Version", "Variable", "Sha256", "Mode", "HostPath", "UrlPath", "Connection",
        "ConnectionReference", "User", "Address", "Decimal", "Moment", "Email", "Channel", "Revision", "Command",
    )
}  # fmt: skip


def replaced(field, value):
    """The change that gives a field of the example another value."""
    name, old = field.split(": ", 1)
    quoted = json.dumps(value)
    return field, f"{name}: [{quoted}, production]" if name == "path" else f"{name}: [{quoted}]" if old.startswith(
        "["
    ) else f"{name}: {quoted} "


def accepts(shape, value):
    try:
        TypeAdapter(shape).validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_text_is_only_text(field):
    """What would be a command, a template or markup elsewhere is kept to the letter, through storing too."""
    value = " ".join(HARMLESS)
    release = manifest(replaced(field, value))
    assert value in set(_texts(release.as_data()))
    assert manifest_from_data(release.as_data()) == release


@pytest.mark.parametrize("value", HARMLESS)
@pytest.mark.parametrize("shape", [shapes.Text, shapes.Word, shapes.Value], ids=["Text", "Word", "Value"])
def test_each_hostile_looking_text_is_accepted(shape, value):
    """No text is refused, or changed, for what it would mean to a program that it never reaches."""
    assert TypeAdapter(shape).validate_json(json.dumps(value)) == value


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_no_field_takes_a_second_line(field):
    """A text with a line break is refused in every field, since people and logs read texts line by line."""
    found = {key for _, key in keys(problems_of(spoiled(MANIFEST, replaced(field, "a\nINFO forged"))))}
    assert found == {"control_character"}


@pytest.mark.parametrize("value", HARMFUL.values(), ids=HARMFUL)
@pytest.mark.parametrize("shape", [shapes.Text, shapes.Word, shapes.Value, shapes.LocalFile, shapes.AbsolutePath])
def test_text_is_one_readable_line(shape, value):
    """Control characters and what turns the direction of reading are refused."""
    assert not accepts(shape, value)
    assert not accepts(shape, "/" + value)


@pytest.mark.parametrize("field", NAME_FIELDS)
@pytest.mark.parametrize("value", ["a; rm -rf ~", "a/../../b"])
def test_no_name_in_a_manifest_takes_a_command_or_climbs(field, value):
    """Names become parts of paths, streams and commands."""
    assert problems_of(spoiled(MANIFEST, replaced(field, value)))


@pytest.mark.parametrize("shape", NAME_SHAPES.values(), ids=NAME_SHAPES)
def test_names_are_only_names(shape):
    """No shape of a name accepts any hostile text, also not hidden behind a harmless beginning or end."""
    hostile = [*HARMLESS, *HARMFUL.values(), "", "a" * 600, "../a", "a/../b", "//a", "관리자 ", " a", "a\n", "-a"]
    sequence = shape is shapes.Command
    accepted = [value for value in hostile if accepts(shape, [value] if sequence else value)]
    assert accepted == []


@pytest.mark.parametrize(
    "path", ["..", "../a", "a/../b", "/a", "a//b", "./a", "a/.", "a\\b", "~/a", "-a", "a/", "가" * 90]
)
def test_a_file_beside_the_manifest_stays_beside_it(path):
    """A path can neither climb, nor start elsewhere, nor be taken for an option, nor exceed a name's 255 bytes."""
    assert not accepts(shapes.LocalFile, path)


def test_a_file_may_have_a_korean_name():
    """The manifest's own files are named as people name them; only paths on hosts are ASCII."""
    assert accepts(shapes.LocalFile, "설정/상담 화면.conf")


@pytest.mark.parametrize(("name", "fits"), [("가" * 21, True), ("가" * 21 + "a", False), ('a"b', True), ("", False)])
def test_a_database_name_has_at_most_63_bytes(name, fits):
    """PostgreSQL would cut a longer name, in the middle of a Korean letter."""
    assert accepts(shapes.DatabaseName, name) is fits


@pytest.mark.parametrize("value", HARMLESS)
def test_a_variable_reaches_a_template_to_the_letter(value):
    """A value is put in once and is never read as more template."""
    assert render("title = @title@\n", {"title": value}) == f"title = {value}\n"


def test_escapes_of_json_are_joined():
    """A manifest that a program wrote as JSON, with halves of characters as escapes, reads like any other."""
    place = environment(("environment_title: 운영", 'environment_title: "\\ud83d\\ude80"'))
    assert place.variables["environment_title"] == "🚀"


def _texts(data):
    if isinstance(data, str):
        yield data
    else:
        for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
            yield from _texts(item)
