"""Text that others wrote is harmless after it was escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from golive.approvals.escape import clean, markdown, one_line

HOSTILE = [
    "<script>alert(1)</script>",
    "[press](javascript:alert(1))",
    "![x](https://example.com/x.png)",
    "<javascript:alert(1)>",
    "<!channel> <@U123>",
    "{{ var.value.secret }} {% raw %} {# note #} {%- x %}",
    "# heading\n- list\n\n```\ncode",
    "1. one",
    "a\u202egnp.exe\u202c\u0000\x1b[31m\ud800\u2028b",
    "&lt;img src=x onerror=alert(1)&gt;",
    "| a | b |\n|---|---|",
    "**bold** __init__ ~~gone~~ `code`",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_is_only_text(words):
    """Rendered with raw HTML allowed, hostile text in a list item makes no tag, link or structure of its own."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    opening, closing = "<ul>\n<li>", "</li>\n</ul>\n"
    rendered = reader.render(f"- {markdown(words)}")
    assert rendered.startswith(opening)
    assert rendered.endswith(closing)
    assert "<" not in rendered.removeprefix(opening).removesuffix(closing)
    assert not [mark for mark in ("{{", "{%", "{#") if mark in markdown(words)]


@given(st.text())
def test_any_text_is_only_text(words):
    """Any text at all renders to itself, without tags."""
    rendered = MarkdownIt("commonmark", {"html": True}).render(f"- x {markdown(words, 4000)}")
    assert rendered.count("<") == 4
    assert "{{" not in markdown(words)
    assert "{%" not in markdown(words)


def test_joined_emoji_and_korean_survive():
    """What people write stays as it is: Korean letters and emoji of several parts."""
    assert clean("상담 👩\u200d💻\n둘째 줄") == "상담 👩\u200d💻\n둘째 줄"


def test_cut_is_marked():
    """A long text is cut to its limit and shows it."""
    assert one_line("가" * 10, 5) == "가가가가…"
