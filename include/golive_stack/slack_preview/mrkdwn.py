"""Slack's mrkdwn as HTML. Everything is escaped first or on its way; only our own tags come out."""

import html
import re
from urllib.parse import urlsplit

_TOKEN = re.compile(r"<([^<>\n]+)>")
_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_STYLES = tuple(
    (re.compile(rf"(?<![\w{mark}]){mark}(?=\S)([^{mark}\n]+?)(?<=\S){mark}(?![\w{mark}])"), tag)
    for mark, tag in ((r"\*", "strong"), ("_", "em"), ("~", "del"))
)
_EMOJI_SHOWN = {
    "white_check_mark": ("green", "✓"),
    "large_green_circle": ("green", "●"),
    "large_blue_circle": ("blue", "▶"),
    "x": ("red", "✕"),
    "octagonal_sign": ("red", "■"),
    "rotating_light": ("red", "!"),
    "warning": ("amber", "!"),
    "hourglass": ("amber", "⧗"),
    "memo": ("violet", "✎"),
    "inbox_tray": ("amber", "↩"),
    "leftwards_arrow_with_hook": ("amber", "↺"),
    "rocket": ("teal", "▲"),
}
"""Slack's names to a coloured badge, so that the page needs no font of emoji."""


def to_html(text: str) -> str:
    """mrkdwn with its entities (``&amp; &lt; &gt;``) as safe HTML."""
    parts, last = [], 0
    for match in _CODE.finditer(text):
        parts.append(_lines(text[last : match.start()]))
        block, span = match.groups()
        parts.append(f"<pre>{_escaped(block)}</pre>" if block else f"<code>{_escaped(span)}</code>")
        last = match.end()
    return "".join([*parts, _lines(text[last:])])


def plain_to_html(text: str, *, emoji: bool = True) -> str:
    """Plain text, in which only emoji have a meaning."""
    escaped = html.escape(text)
    return _EMOJI.sub(_emoji, escaped) if emoji else escaped


def link_target(url: str) -> str | None:
    """The address where it is one a page may link to."""
    return url if urlsplit(url).scheme in ("http", "https", "mailto") else None


def _lines(text: str) -> str:
    return "<br>".join(_line(each) for each in text.split("\n"))


def _line(text: str) -> str:
    for quote in ("&gt;", ">"):
        if text.startswith(quote):
            return f'<span class="quote">{_inline(text.removeprefix(quote).lstrip())}</span>'
    return _inline(text)


def _inline(text: str) -> str:
    parts, last = [], 0
    for match in _TOKEN.finditer(text):
        parts += [_styled(text[last : match.start()]), _token(match[1])]
        last = match.end()
    return "".join([*parts, _styled(text[last:])])


def _token(inside: str) -> str:
    """What stands between angle brackets: a mention, a channel, or an address with its label."""
    target, _, label = inside.partition("|")
    if target[0] in "!@#":
        return f'<span class="mention">{_escaped(label or target)}</span>'
    address = link_target(html.unescape(target))
    if address is None:
        return _escaped(f"<{inside}>")
    return f'<a href="{html.escape(address)}" rel="noopener noreferrer" target="_blank">{_escaped(label or target)}</a>'


def _styled(text: str) -> str:
    styled = _escaped(text)
    for pattern, tag in _STYLES:
        styled = pattern.sub(rf"<{tag}>\1</{tag}>", styled)
    return _EMOJI.sub(_emoji, styled)


def _escaped(text: str) -> str:
    """Slack's three entities resolved, then all that HTML needs escaped."""
    return html.escape(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def _emoji(match: re.Match[str]) -> str:
    if match[1] not in _EMOJI_SHOWN:
        return match[0]
    colour, glyph = _EMOJI_SHOWN[match[1]]
    return f'<span class="badge {colour}" title="{match[0]}">{glyph}</span>'
