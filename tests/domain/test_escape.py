"""Hostile text on its way into a message, a question or the record."""

import pytest
from hypothesis import given as supposing
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from golive.escape import clean, clip, code, escape, line, markdown, one_line, plain, safe_url

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


@pytest.mark.parametrize(
    ("given", "escaped"),
    [
        ("<!channel> & <!here>", "&lt;!channel&gt; &amp; &lt;!here&gt;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<https://evil|bank>", "&lt;https://evil|bank&gt;"),
        ("<@U123|you> <#C1>", "&lt;@U123|you&gt; &lt;#C1&gt;"),
        ("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;"),
        ("a\u202etxt.exe\u202c", "atxt.exe"),
        ("\u2066a\u2069\u200f\u061c\ufeff\u200b", "a"),
        ("\x1b[31mred\x1b[0m\x00\x07\x9b", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("one\r\ntwo\u2028three\x85four", "one\ntwo\nthree\nfour"),
        ("half \ud83d", "half \ufffd"),
        ("\u1112\u1161\u11ab", "한"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("<\u202e!channel>", "&lt;!channel&gt;"),
    ],
)
def test_text_of_others_is_only_text(given: str, escaped: str) -> None:
    """Mentions, links, tags, terminal codes and reading direction of others come out as harmless text."""
    assert escape(given) == escaped


def test_a_value_stays_on_its_line() -> None:
    """A value with line breaks cannot forge a line of its own, in markup and in plain text."""
    assert line("a\n:white_check_mark: approved\r\n\u2028b") == "a :white_check_mark: approved b"
    assert plain("a\n<b>\u2029c") == "a <b> c"


def test_code_cannot_be_left() -> None:
    """A backtick in a value does not end its code span."""
    assert code("a`*b*`<c>\n") == "`a’*b*’&lt;c&gt;`"
    assert code("") == "` `"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:x", "data:text/html,x", "file:///etc/passwd", "//a",
        "http://", "https://a b/", "https://a/\u202e", "https://[", "", None, "https://a/" + "x" * 3000, " https://a/",
    ],
)  # fmt: skip
def test_only_web_addresses_are_linked(url: str | None) -> None:
    """What is not http or https with a host is no link."""
    assert safe_url(url) is None


def test_an_address_cannot_leave_its_link() -> None:
    """Characters that would end a link are encoded; what was encoded stays."""
    assert safe_url('https://a/?b=c|d><"&e=%ED%95%9C') == "https://a/?b=c%7Cd%3E%3C%22&e=%ED%95%9C"
    assert safe_url("http://호스트/길") == "http://%ED%98%B8%EC%8A%A4%ED%8A%B8/%EA%B8%B8"


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("12345", 5, "12345"),
        ("123456", 5, "1234…"),
        ("12&amp;3", 6, "12…"),
        ("12&amp;34", 8, "12&amp;…"),
        ("1 <https://a|b> 3", 10, "1 …"),
        ("가나다라", 3, "가나…"),
    ],
)
def test_clipping_breaks_nothing(text: str, limit: int, clipped: str) -> None:
    """What is cut ends in an ellipsis within the limit and never inside an entity or a link."""
    assert clip(text, limit) == clipped
    assert len(clipped) <= limit


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


@supposing(st.text())
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
