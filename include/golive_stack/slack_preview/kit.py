"""Block Kit as Slack checks it: the blocks Golive uses, their fields and limits. Problems come as Slack words them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Problem = str
Check = Callable[[Mapping[str, Any], str], Iterator[Problem]]

BLOCKS = 50


def problems(blocks: Any) -> tuple[Problem, ...]:
    """What is wrong with a message's blocks, each with its JSON pointer; empty when nothing is."""
    if not isinstance(blocks, list):
        return (_at("must be an array", "/blocks"),)
    if len(blocks) > BLOCKS:
        return (_at(f"no more than {BLOCKS} items allowed", "/blocks"),)
    found: list[Problem] = []
    for index, block in enumerate(blocks):
        found.extend(_typed(block, f"/blocks/{index}", BLOCK_TYPES))
    ids = [block.get("block_id") for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(ids) != len(set(ids)):
        found.append(_at("block_id must be unique", "/blocks"))
    return tuple(found)


def _typed(item: Any, pointer: str, types: Mapping[str, tuple[frozenset[str], Check]]) -> Iterator[Problem]:
    """An item of one of ``types``: its properties are known, and its own check finds nothing."""
    if not isinstance(item, dict):
        yield _at("must be an object", pointer)
        return
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in types:
        yield _at(f"unsupported type: {kind}", f"{pointer}/type")
        return
    allowed, check = types[kind]
    for name in sorted(set(item) - allowed - {"type"}):
        yield _at(f"invalid additional property: {name}", pointer)
    yield from check(item, pointer)


def _section(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if "text" not in block and "fields" not in block:
        yield _at("must provide either text or fields", pointer)
    if "text" in block:
        yield from _text(block["text"], f"{pointer}/text", 3000)
    if "fields" in block:
        yield from _list(block["fields"], f"{pointer}/fields", 10, lambda item, at: _text(item, at, 2000))
    if "accessory" in block:
        yield from _typed(block["accessory"], f"{pointer}/accessory", ELEMENT_TYPES)
    yield from _block_id(block, pointer)


def _header(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _plain(block.get("text"), f"{pointer}/text", 150)
    yield from _block_id(block, pointer)


def _context(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _list(block.get("elements"), f"{pointer}/elements", 10, _context_element)
    yield from _block_id(block, pointer)


def _context_element(item: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(item, dict) and item.get("type") == "image":
        return _typed(item, pointer, ELEMENT_TYPES)
    return _text(item, pointer, 3000)


def _actions(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    only = {"button": ELEMENT_TYPES["button"]}
    yield from _list(block.get("elements"), f"{pointer}/elements", 25, lambda item, at: _typed(item, at, only))
    yield from _block_id(block, pointer)


def _divider(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    return _block_id(block, pointer)


def _button(element: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _plain(element.get("text"), f"{pointer}/text", 75)
    for name, limit in {"action_id": 255, "url": 3000, "value": 2000}.items():
        if name in element:
            yield from _string(element[name], f"{pointer}/{name}", limit)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield _at("must be one of: primary, danger", f"{pointer}/style")


def _image(element: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _string(element.get("image_url"), f"{pointer}/image_url", 3000)
    yield from _string(element.get("alt_text"), f"{pointer}/alt_text", 2000)


def _text(item: Any, pointer: str, limit: int) -> Iterator[Problem]:
    if not isinstance(item, dict) or item.get("type") not in ("mrkdwn", "plain_text"):
        yield _at("must be a text object", pointer)
        return
    allowed = {"type", "text", "verbatim" if item["type"] == "mrkdwn" else "emoji"}
    for name in sorted(set(item) - allowed):
        yield _at(f"invalid additional property: {name}", pointer)
    yield from _string(item.get("text"), f"{pointer}/text", limit)


def _plain(item: Any, pointer: str, limit: int) -> Iterator[Problem]:
    if isinstance(item, dict) and item.get("type") == "mrkdwn":
        yield _at("must be plain_text", f"{pointer}/type")
    else:
        yield from _text(item, pointer, limit)


def _string(item: Any, pointer: str, limit: int) -> Iterator[Problem]:
    if not isinstance(item, str):
        yield _at("must be a string", pointer)
    elif not item:
        yield _at("must be more than 0 characters", pointer)
    elif len(item) > limit:
        yield _at(f"must be less than {limit + 1} characters", pointer)


def _list(items: Any, pointer: str, limit: int, check: Callable[[Any, str], Iterator[Problem]]) -> Iterator[Problem]:
    if not isinstance(items, list) or not items:
        yield _at("must have at least one item", pointer)
    elif len(items) > limit:
        yield _at(f"no more than {limit} items allowed", pointer)
    else:
        for index, item in enumerate(items):
            yield from check(item, f"{pointer}/{index}")


def _block_id(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if "block_id" in block:
        yield from _string(block["block_id"], f"{pointer}/block_id", 255)


def _at(problem: str, pointer: str) -> Problem:
    return f"[ERROR] {problem} [json-pointer:{pointer}]"


ELEMENT_TYPES: Mapping[str, tuple[frozenset[str], Check]] = {
    "button": (frozenset(["text", "action_id", "url", "value", "style", "accessibility_label"]), _button),
    "image": (frozenset(["image_url", "alt_text"]), _image),
}

BLOCK_TYPES: Mapping[str, tuple[frozenset[str], Check]] = {
    "section": (frozenset(["text", "fields", "accessory", "block_id", "expand"]), _section),
    "header": (frozenset(["text", "block_id"]), _header),
    "context": (frozenset(["elements", "block_id"]), _context),
    "actions": (frozenset(["elements", "block_id"]), _actions),
    "divider": (frozenset(["block_id"]), _divider),
    "image": (frozenset(["image_url", "alt_text", "block_id"]), _image),
}
