"""The names that an SQL text mentions. A word list, not a parser: whether the text is right, the source says."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

_WORD = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/ |                                      # comments
    [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' |                 # texts
    \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ |
    "(?P<quoted>(?:[^"]|"")+)" | (?P<plain>[^\W\d][\w$]*) | (?P<sign>[.*(,])
    """,
    re.VERBOSE | re.DOTALL,
)


_LONE = re.compile(r'\s*s\s*\.\s*(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))\s*')


def lone_column(text: str) -> str | None:
    """The name in an expression that is ``s.name`` and nothing else, as PostgreSQL folds it."""
    match = _LONE.fullmatch(text)
    if match is None:
        return None
    return match[1].replace('""', '"') if match[1] else _folded(match[2])


def mentioned(texts: Iterable[str]) -> frozenset[str]:
    """Every identifier in SQL texts, as PostgreSQL folds it."""
    return frozenset(word for text in texts for kind, word in _words(text) if kind == "name")


def called(texts: Iterable[str]) -> frozenset[str]:
    """Every identifier that stands before a parenthesis."""
    found = set()
    for text in texts:
        words = list(_words(text))
        found |= {word for (kind, word), (_, after) in pairwise(words) if kind == "name" and after == "("}
    return frozenset(found)


def takes_whole_row(text: str, alias: str) -> bool:
    """Whether a text names ``alias.*``, or ``alias`` itself as a value."""
    words = [word for _, word in _words(text)]
    after = dict(enumerate(words[1:]))
    return any(
        word == alias
        and (place == 0 or words[place - 1] != ".")
        and (after.get(place) != "." or words[place + 2 : place + 3] == ["*"])
        for place, word in enumerate(words)
    )


def has_star(text: str) -> bool:
    """Whether a query takes every column of something: ``SELECT *`` or ``c.*``, but not ``count(*)``."""
    words = [word for _, word in _words(text)]
    return any(
        word == "*" and words[place - 1] in (".", ",", "select", "distinct", "all") for place, word in enumerate(words)
    )


def _words(text: str) -> Iterator[tuple[str, str]]:
    for match in _WORD.finditer(text):
        if match["quoted"]:
            yield "name", match["quoted"].replace('""', '"')
        elif match["plain"]:
            yield "name", _folded(match["plain"])
        elif match["sign"]:
            yield "sign", match["sign"]


def closed(text: str) -> str:
    """SQL that may stand before a parenthesis, also when it ends in a comment."""
    return f"{text}\n" if "--" in text else text


def _folded(name: str) -> str:
    """Only ASCII letters lose their case, as in PostgreSQL's UTF-8 databases."""
    return re.sub("[A-Z]+", lambda letters: letters[0].lower(), name)
