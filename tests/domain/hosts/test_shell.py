"""Text becomes a word, and nothing but a word."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from golive.hosts.errors import WordRefused
from golive.hosts.shell import path, sh
from tests.domain.hosts.conftest import SHELLS

HOSTILE = [
    "", " ", "; id", "$(id)", "`id`", "| id", "&& id", "a\nid", "a\rb", "-rf", "*", "?", "~", "'", '"', "\\", "'\"'\"'",
    "${IFS}", "$HOME", "\x1b[31m", "한글", "\u202e", "!x", "#x", "a=b", "{a,b}", "\t", "%s", "가" * 500,
]  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_text_stays_one_word(shell: str) -> None:
    """Every hostile text arrives in dash and in busybox as the one argument that it is."""
    line = sh("printf '%s\\0' {words}", words=HOSTILE)
    said = subprocess.run([*_program(shell), "-c", line], capture_output=True, check=True, timeout=10).stdout
    assert said.decode().split("\0")[:-1] == HOSTILE


@settings(max_examples=30, deadline=None)
@given(some.lists(some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=5))
def test_any_text_stays_one_word(words: list[str]) -> None:
    """So does any text at all."""
    line = sh("printf '%s\\0' {words} end", words=words)
    said = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=10).stdout
    assert said.decode().split("\0")[:-1] == ([*words, "end"])


def test_a_nul_is_refused() -> None:
    """A NUL cannot be a word of a command."""
    with pytest.raises(WordRefused):
        sh("echo {word}", word="a\0b")


@pytest.mark.parametrize("words", [{}, {"word": "a", "other": "b"}])
def test_names_and_values_belong_together(words: dict[str, str]) -> None:
    """A placeholder without a value and a value without a placeholder are mistakes of ours."""
    with pytest.raises(KeyError):
        sh("echo {word}", **words)


def test_the_shells_own_braces_stay() -> None:
    """``${name}`` and ``{ …; }`` belong to the shell."""
    assert sh('{ echo "${x}" {word}; }', word="a b") == "{ echo \"${x}\" 'a b'; }"


@pytest.mark.parametrize(
    ("given", "made"), [("-rf", "./-rf"), ("a/b", "./a/b"), ("/a", "/a"), ("./a", "./a"), ("../a", "../a")]
)
def test_a_path_is_never_an_option(given: str, made: str) -> None:
    """A relative path gets ``./`` so that no command takes it for an option."""
    assert path(given) == made


def _program(shell: str) -> list[str]:
    return ["busybox", "sh"] if shell == "busybox" else [shell]
