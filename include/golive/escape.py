"""The one place where text that others wrote is made harmless: for the record, for Markdown, and for Slack.

Names, titles and reasons come from manifests, people and hosts. None of it may mention a channel, forge a line,
turn reading direction, be read as markup or a template, or link to anything but http and https.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

ELLIPSIS = "…"
URL_LIMIT = 3000
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
_LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_OPEN_TOKEN = re.compile(r"(?:&[a-z]{0,4}|<[^<>]*)\Z")
_SPECIAL = re.compile(r"([\\`*_{}\[\]~|!]|(?<=script):|(?<=\{)[%#])", re.IGNORECASE)
_LEADING = re.compile(r"^(\d*)([#+\-=.)])")  # would open a heading, a list or an underline inside a list item
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn"})
_JOINER = "\u200d"
_URL_SAFE = "/:?#[]@!$&'()*+,;=%-._~"


def clean(text: str) -> str:
    """``text`` in NFC without control, terminal, bidirectional and other invisible characters; line feeds stay."""
    if text.isascii() and text.isprintable():  # most text, and nothing to do
        return text
    broken = _LINE_BREAKS.sub("\n", _ANSI.sub("", text)).replace("\t", " ")
    return unicodedata.normalize("NFC", "".join(kept for kept in map(_visible, broken) if kept))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":  # half a pair cannot be sent as UTF-8
        return "\ufffd"
    kept = category not in _INVISIBLE or character in ("\n", _JOINER)  # the joiner holds emoji together
    return character if kept else ""


def one_line(text: str, limit: int) -> str:
    """``clean`` in one line of at most ``limit`` characters; what was cut is marked with an ellipsis."""
    found = plain(text)
    return found if len(found) <= limit else found[: limit - 1] + ELLIPSIS


def markdown(text: str, limit: int = 200) -> str:
    """``one_line``, with nothing left that Markdown, HTML, a chat or a template engine would read as its own."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text, limit))
    return _LEADING.sub(r"\1\\\2", escaped).translate(_HTML)


def escape(text: str) -> str:
    """``text`` cleaned, with Slack's three special characters escaped: nothing in it is markup of mentions or links."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def line(text: str) -> str:
    """``text`` escaped on one line, so that a value cannot forge a line of the message around it."""
    return _SPACES.sub(" ", escape(text)).strip()


def plain(text: str) -> str:
    """``text`` cleaned on one line, for plain-text objects, in which Slack reads no markup."""
    return _SPACES.sub(" ", clean(text)).strip()


def code(text: str) -> str:
    """``text`` on one line as a code span."""
    return f"`{line(text).replace('`', chr(0x2019)) or ' '}`"


def safe_url(url: str | None) -> str | None:
    """``url`` where it is http or https with a host and no longer than Slack takes; None otherwise."""
    if not url or clean(url) != url or _SPACES.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    encoded = quote(url, safe=_URL_SAFE)
    return encoded if len(encoded) <= URL_LIMIT else None


def clip(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters; what is cut shows as an ellipsis, never in half an entity or link."""
    if len(text) <= limit:
        return text
    return _OPEN_TOKEN.sub("", text[: limit - 1]) + ELLIPSIS
