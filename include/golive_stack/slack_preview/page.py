"""The channels as a chat page: pure functions from stored messages to HTML."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from golive.texts import text
from golive_stack.slack_preview.mrkdwn import link_target, plain_to_html, to_html
from golive_stack.slack_preview.store import Channel, Stored

Counted = tuple[Channel, int]


@dataclass(frozen=True)
class Reader:
    """Who looks: the page's language, and the clock that its times are of."""

    locale: str
    clock: ZoneInfo

    def say(self, name: str, **data: int) -> str:
        return html.escape(text(f"messages.preview_{name}", self.locale, **data))


def page(channels: Sequence[Counted], current: Channel | None, messages: Sequence[Stored], reader: Reader) -> str:
    """The whole page; its script replaces ``<main>`` by ``fragment`` as messages come."""
    return (
        f'<!doctype html><html lang="{reader.locale}"><head><meta charset="utf-8"><title>{reader.say("title")}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/preview.css">'
        '<link rel="icon" href="data:,"></head><body>'
        f"<main>{fragment(channels, current, messages, reader)}</main>"
        '<script src="/static/preview.js"></script></body></html>'
    )


def fragment(channels: Sequence[Counted], current: Channel | None, messages: Sequence[Stored], reader: Reader) -> str:
    """What changes: the list of channels and the messages of the current one."""
    links = "".join(_channel_link(channel, count, channel == current) for channel, count in channels)
    name = html.escape(current.name) if current else ""
    empty = f'<p class="empty">{reader.say("empty")}</p>'
    return (
        f'<nav><h1><span class="logo">G</span>Golive</h1><h2>{reader.say("channels")}</h2>{links}'
        f"<footer>{reader.say('note')}</footer></nav>"
        f'<section class="chat"><header><span class="hash">#</span>{name}</header>'
        f'<div class="messages">{_messages(messages, reader) or empty}</div></section>'
    )


def _channel_link(channel: Channel, count: int, current: bool) -> str:
    mark = ' class="current"' if current else ""
    counted = f"<b>{count}</b>" if count else ""
    name = html.escape(channel.name)
    return f'<a{mark} href="/?channel={quote(channel.name)}"><span class="hash">#</span>{name}{counted}</a>'


def _messages(messages: Sequence[Stored], reader: Reader) -> str:
    """Roots in order, each with its thread; a line with the date where a day begins."""
    shown, day = [], ""
    for root in (message for message in messages if message.thread_ts is None):
        if (today := _moment(root, reader).strftime("%Y-%m-%d")) != day:
            day = today
            shown.append(f'<div class="day"><span>{day}</span></div>')
        replies = [message for message in messages if message.thread_ts == root.ts]
        shown.append(_message(root, reader, _thread(replies, reader)))
    return "".join(shown)


def _thread(replies: Sequence[Stored], reader: Reader) -> str:
    if not replies:
        return ""
    count = reader.say("reply" if len(replies) == 1 else "replies", count=len(replies))
    inside = "".join(_message(reply, reader) for reply in replies)
    return f'<div class="thread"><div class="count">{count}</div>{inside}</div>'


def _message(message: Stored, reader: Reader, thread: str = "") -> str:
    blocks = message.body["blocks"]
    content = "".join(_block(block) for block in blocks) if blocks else f"<p>{to_html(message.body['text'])}</p>"
    return (
        f'<article id="m{html.escape(message.ts)}"><span class="avatar">G</span><div class="body">'
        f'<div class="from"><strong>Golive</strong><span class="app">{reader.say("app")}</span>'
        f"<time>{_moment(message, reader).strftime('%H:%M')}</time></div>{content}{thread}</div></article>"
    )


def _moment(message: Stored, reader: Reader) -> datetime:
    return datetime.fromtimestamp(float(message.ts), reader.clock)


def _block(block: Mapping[str, Any]) -> str:
    return BLOCKS[block["type"]](block)


def _section(block: Mapping[str, Any]) -> str:
    words = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
    cells = "".join(f"<div>{_text(field)}</div>" for field in block.get("fields", ()))
    beside = _element(block["accessory"]) if "accessory" in block else ""
    return words + (f'<div class="fields">{cells}</div>' if cells else "") + beside


def _text(item: Mapping[str, Any]) -> str:
    if item["type"] == "mrkdwn":
        return to_html(item["text"])
    return plain_to_html(item["text"], emoji=item.get("emoji", True)).replace("\n", "<br>")


def _element(item: Mapping[str, Any]) -> str:
    if item["type"] == "image":
        return f'<span class="image">{html.escape(item["alt_text"])}</span>'
    if item["type"] != "button":
        return _text(item)
    style = html.escape(item.get("style", "default"))
    label = _text(item["text"])
    address = link_target(item.get("url", ""))
    if address is None:
        return f'<span class="button {style}">{label}</span>'
    href = html.escape(address)
    return f'<a class="button {style}" href="{href}" rel="noopener noreferrer" target="_blank">{label}</a>'


def _elements(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda block: f'<div class="{name}">{"".join(_element(item) for item in block["elements"])}</div>'


BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "section": _section,
    "header": lambda block: f"<h3>{_text(block['text'])}</h3>",
    "context": _elements("context"),
    "actions": _elements("actions"),
    "divider": lambda _block: "<hr>",
    "image": _element,
}
