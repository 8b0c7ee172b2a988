"""Text that others wrote, made harmless for the record and for Markdown."""

import re
from unicodedata import category

_JOINER = "\u200d"  # holds an emoji of several parts together; the other format characters reorder or hide text
_SPECIAL = re.compile(r"([\\`*_{}\[\]~|!]|(?<=script):|(?<=\{)[%#])", re.IGNORECASE)
_LEADING = re.compile(r"^(\d*)([#+\-=.)])")  # would open a heading, a list or an underline inside a list item
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def clean(words: str) -> str:
    """``words`` without control, bidirectional, surrogate and other invisible characters; lines and tabs stay."""
    return "".join(letter for letter in words if letter in "\n\t" or letter == _JOINER or not _invisible(letter))


def one_line(words: str, limit: int) -> str:
    """``clean`` in one line of at most ``limit`` characters; what was cut is marked with ``…``."""
    line = " ".join(clean(words).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def markdown(words: str, limit: int = 200) -> str:
    """``one_line``, with nothing left that Markdown, HTML, a chat or a template engine would read as its own."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(words, limit))
    return _LEADING.sub(r"\1\\\2", escaped).translate(_HTML)


def _invisible(letter: str) -> bool:
    return category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
