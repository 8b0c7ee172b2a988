import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golive.release.errors import ManifestInvalid
from golive.release.manifest import load_manifest
from golive.release.yaml import MAXIMUM_BYTES, read
from tests.domain.release.example import MANIFEST, keys, problems_of, spoiled

NESTED = 10_000

UNREADABLE = {
    "empty": (b"", "empty"),
    "blank": (b" \n\n", "empty"),
    "only comments": (b"# nothing\n", "empty"),
    "null": (b"~", "empty"),
    "a mark alone": (b"\xef\xbb\xbf", "empty"),
    "not a mapping": (b"[1, 2]", "needs_mapping"),
    "a word": (b"release", "needs_mapping"),
    "no YAML": (b"a: b: c", "syntax"),
    "unclosed": (b"a: [1, 2", "syntax"),
    "a tab for indentation": (b"a:\n\tb: 1", "syntax"),
    "an impossible escape": (b'a: "\\UFFFFFFFF"', "syntax"),
    "UTF-16": ("schema: 1".encode("utf-16"), "not_utf8"),
    "EUC-KR": ("title: 오픈".encode("euc-kr"), "not_utf8"),
    "a NUL": (b"a: \0", "control_character"),
    "an ANSI escape": (b"a: \x1b[31mred", "control_character"),
    "a line separator": ("a: x\u2028b".encode(), "control_character"),
    "a mark in the middle": ("a: \ufeffb".encode(), "control_character"),
    "two documents": (b"schema: 1\n---\nschema: 1\n", "several_documents"),
    "an end and more": (b"schema: 1\n...\nschema: 1\n", "several_documents"),
    "a directive": (b"%YAML 1.1\n---\nschema: 1\n", "directive"),
    "a tag directive": (b"%TAG ! tag:example.com,2000:\n---\nschema: 1\n", "directive"),
    "a list as a key": (b"? [a]\n: 1", "key_not_scalar"),
    "an alias as a key": (b"a: &x b\n*x : 1", "key_not_scalar"),
    "deep lists": (b"[" * NESTED + b"]" * NESTED, "too_deep"),
    "deep mappings": (b"{a: " * NESTED, "too_deep"),
    "deep dashes": (b"- " * NESTED, "too_deep"),
    "deep lines": (b"\n".join(b" " * depth + b"a:" for depth in range(400)), "too_deep"),
    "many values": (b"[" + b"a," * 10_001 + b"]", "too_many_values"),
    "100 MB": (b"a" * 100_000_000, "too_large"),
}


@pytest.mark.parametrize(("content", "key"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_refused_at_once(content, key):
    """What cannot be read at all is one problem, found within seconds whatever its size and depth."""
    started = time.monotonic()
    problems = problems_of(content)
    assert [problem.finding.key for problem in problems] == [key]
    assert time.monotonic() - started < 20


PASSED_OVER = {
    "a duplicate key": ("locale: ko", "locale: ko\nlocale: en", "locale", "duplicate_key"),
    "a tag": ("locale: ko", "locale: !!str ko", "locale", "tag"),
    "a tag that runs": ("locale: ko", "locale: !!python/object/apply:os.system [ls]", "locale", "tag"),
    "an anchor": ("locale: ko", "locale: &here ko", "locale", "anchor"),
    "an alias": ("locale: ko", "locale: &here ko\ndrafted: *here", "drafted", "alias"),
    "a key that is a number": ("locale: ko", "locale: ko\n12: x", "12", "key_not_text"),
    "a key that is true": ("locale: ko", "locale: ko\ntrue: x", "true", "key_not_text"),
    "half a character": ("locale: ko", 'locale: "\\ud800"', "locale", "half_character"),
    "half a character in a key": ("locale: ko", 'locale: ko\n"\\udc00": 1', "\ufffd", "half_character"),
    "infinity": ("version: 2.0.0", "version: .inf", "version", "number_not_usable"),
    "not a number": ("version: 2.0.0", "version: .NaN", "version", "number_not_usable"),
    "a number beyond all": ("version: 2.0.0", "version: 1e999", "version", "number_not_usable"),
    "a thousand digits": ("schema: 1", "schema: " + "1" * 1000, "schema", "number_not_usable"),
}


@pytest.mark.parametrize(("old", "new", "path", "key"), PASSED_OVER.values(), ids=PASSED_OVER)
def test_what_yaml_allows_beyond_plain_values_is_refused(old, new, path, key):
    """Tags, anchors, aliases and duplicate keys are problems with a place, and nothing is constructed from them."""
    found = keys(problems_of(spoiled(MANIFEST, (old, new))))
    assert {other for place, other in found if place == path} == {key}


def test_an_anchor_bomb_expands_to_nothing():
    """Nine levels of nine aliases are reported level by level instead of becoming a billion values."""
    levels = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    found = {problem.finding.key for problem in problems_of("\n".join(levels))}
    assert {"anchor", "alias"} <= found


COERCED = {
    "no": ("locale: ko", "locale: no", "locale", "not_a_choice"),
    "true": ("version: 2.0.0", "version: true", "version", "needs_text"),
    "a version that is a number": ("version: 2.0.0", "version: 2.0", "version", "needs_text"),
    "a leading zero": ("version: 2.0.0", "version: 012", "version", "needs_text"),
    "an exponent": ("version: 2.0.0", "version: 1e3", "version", "needs_text"),
    "an unquoted mode": ('mode: "0640"', "mode: 0640", "components.api.templates[0].mode", "needs_text"),
    "a quoted number": ("effort_hours: 120", 'effort_hours: "120"', "changes[0].effort_hours", "needs_integer"),
    "a fraction": ("effort_hours: 120", "effort_hours: 120.0", "changes[0].effort_hours", "needs_integer"),
    "a truth for a number": ("effort_hours: 120", "effort_hours: true", "changes[0].effort_hours", "needs_integer"),
    "a word for a list": ("path: [test, production]", "path: test", "path", "needs_list"),
    "a list for a mapping": ("cutover: {drain_seconds: 10}", "cutover: [10]", "cutover", "needs_mapping"),
    "nothing for a text": ("version: 2.0.0", "version:", "version", "needs_text"),
}


@pytest.mark.parametrize(("old", "new", "path", "key"), COERCED.values(), ids=COERCED)
def test_nothing_is_coerced(old, new, path, key):
    """A value of another kind than its field takes is refused where it stands, never converted."""
    assert keys(problems_of(spoiled(MANIFEST, (old, new)))) == {(path, key)}


@pytest.mark.parametrize("written", ["2.0", "012", "1e3"])
def test_a_refused_number_is_shown_as_it_was_written(written):
    """The message repeats the digits of the file, so that quoting them is the whole repair."""
    (problem,) = problems_of(spoiled(MANIFEST, ("version: 2.0.0", f"version: {written}")))
    assert f'"{written}"' in problem.message("en")


def test_words_and_numbers_mean_what_yaml_1_2_says():
    """No is a word, 012 is twelve, dates and sexagesimal numbers are words."""
    values = read("[no, on, 012, 0o17, 0xff, 1e3, 2026-01-01, 12:30, 1_000, ~, TRUE]", "x").value
    assert values == ["no", "on", 12, 15, 255, 1000.0, "2026-01-01", "12:30", "1_000", None, True]


def test_a_byte_order_mark_is_accepted_at_the_start():
    """A file saved by an editor that writes a mark reads like any other."""
    assert read(b"\xef\xbb\xbfa: 1", "x").value == {"a": 1}


def test_the_size_is_asked_before_a_file_is_read(tmp_path):
    """A sparse file of a terabyte is refused without being read."""
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ManifestInvalid) as caught:
        load_manifest(path)
    assert caught.value.problems[0].finding.key == "too_large"


def test_a_file_of_exactly_the_allowed_size_is_read(tmp_path):
    """The limit itself is allowed, one byte more is not."""
    filled = b"a: 1\n#" + b"x" * (MAXIMUM_BYTES - 6)
    assert read(filled, "x").value == {"a": 1}
    with pytest.raises(ManifestInvalid):
        read(filled + b"x", "x")


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), os.mkfifo, lambda path: None], ids=["folder", "fifo", "none"]
)
def test_what_is_not_a_file_is_refused(tmp_path, make):
    """A folder, a pipe that would never end, and nothing at all each give a message, not a traceback."""
    path = tmp_path / "release.yaml"
    make(path)
    with pytest.raises(ManifestInvalid, match=r"release\.yaml"):
        load_manifest(path)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80), st.text(alphabet="ab01 :-[]{},&*!|>%@\"'#?~.\n\\u", max_size=60), st.binary(max_size=40)
    )
)
def test_any_input_is_read_or_refused(content):
    """No text and no bytes make the reader fail otherwise than with problems that have a message."""
    try:
        problems_of(content)
    except ManifestInvalid as error:
        raise AssertionError from error
