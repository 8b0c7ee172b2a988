"""Block Kit as pure builders that keep Slack's limits. Texts arrive escaped; these only clip."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from golive.escape import clip, plain, safe_url

Block = Mapping[str, Any]

BLOCKS_LIMIT = 50
SECTION_LIMIT = 3000
HEADER_LIMIT = 150
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10
BUTTON_LIMIT = 75


def header(text: str) -> Block:
    """A large line. ``text`` is raw: a header is plain text."""
    return {"type": "header", "text": _plain_text(text, HEADER_LIMIT)}


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text, SECTION_LIMIT)}


def fields(pairs: Iterable[tuple[str, str]]) -> tuple[Block, ...]:
    """Labels and values in two columns, ten to a block; none for no pairs."""
    cells = [_mrkdwn(f"*{label}*\n{value}", FIELD_LIMIT) for label, value in pairs]
    groups = [cells[start : start + FIELDS_LIMIT] for start in range(0, len(cells), FIELDS_LIMIT)]
    return tuple({"type": "section", "fields": group} for group in groups)


def context(text: str) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": [_mrkdwn(text, SECTION_LIMIT)]}


def divider() -> Block:
    return {"type": "divider"}


def buttons(label: str, url: str | None, *, primary: bool = False) -> tuple[Block, ...]:
    """A button that opens ``url``; none where there is no address that may be linked."""
    address = safe_url(url)
    if address is None:
        return ()
    button = {"type": "button", "text": _plain_text(label, BUTTON_LIMIT), "url": address, "action_id": "open"}
    return ({"type": "actions", "elements": [button | ({"style": "primary"} if primary else {})]},)


def paragraphs(lines: Iterable[str]) -> tuple[Block, ...]:
    """Lines packed into as few sections as their limit allows."""
    packed: list[str] = []
    for item in (clip(each, SECTION_LIMIT) for each in lines):
        if packed and len(packed[-1]) + 1 + len(item) <= SECTION_LIMIT:
            packed[-1] += "\n" + item
        else:
            packed.append(item)
    return tuple(section(item) for item in packed)


def within_limit(blocks: Sequence[Block], more: str) -> tuple[Block, ...]:
    """At most fifty blocks; where some are cut, the last says ``more``."""
    if len(blocks) <= BLOCKS_LIMIT:
        return tuple(blocks)
    return (*blocks[: BLOCKS_LIMIT - 1], context(more))


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    # verbatim: Slack links only what we link, and makes no address or channel out of a name in the data.
    return {"type": "mrkdwn", "text": clip(text, limit), "verbatim": True}


def _plain_text(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": clip(plain(text) or "-", limit), "emoji": True}
