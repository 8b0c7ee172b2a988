"""The Web API methods that Golive calls, with Slack's answers and Slack's refusals."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from golive_stack.slack_preview.kit import problems
from golive_stack.slack_preview.store import Channel, Store, Stored

TEXT_LIMIT = 40_000
BOT_ID, USER_ID, TEAM_ID = "B0GOLIVE00", "U0GOLIVE00", "T0GOLIVE00"
_PAGE, _LARGEST_PAGE = 100, 999

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


class Refused(Exception):
    """Slack says no: ``error`` is its word, ``messages`` what it says beside it."""

    def __init__(self, error: str, messages: Sequence[str] = ()) -> None:
        self.error, self.messages = error, tuple(messages)
        super().__init__(error)


def call(store: Store, token: str, method: str, given: str | None, arguments: Arguments) -> Answer:
    """The answer to one call. ``given`` is the caller's token. Never raises ``Refused``: a refusal is an answer."""
    try:
        if method not in METHODS:
            raise Refused("unknown_method")
        if not given:
            raise Refused("not_authed")
        if given != token:
            raise Refused("invalid_auth")
        return {"ok": True, **METHODS[method](store, arguments)}
    except Refused as refusal:
        told: Answer = {"ok": False, "error": refusal.error}
        if refusal.messages:
            told["response_metadata"] = {"messages": list(refusal.messages)}
        return told


def _auth_test(_store: Store, _arguments: Arguments) -> Answer:
    team = {"url": "http://127.0.0.1/", "team": "Golive", "team_id": TEAM_ID}
    return {**team, "user": "golive", "user_id": USER_ID, "bot_id": BOT_ID}


def _post_message(store: Store, arguments: Arguments) -> Answer:
    channel = _channel(store, arguments, by_name=True)
    if channel.archived:
        raise Refused("is_archived")
    text = arguments.get("text") or ""
    blocks = _structure(arguments, "blocks", "invalid_blocks_format")
    _check_content(text, blocks)
    thread_ts = _thread(store, channel, arguments.get("thread_ts"))
    body = {"text": text, "blocks": blocks or [], "metadata": _metadata(arguments)}
    stored = store.add(channel, thread_ts, body)
    return {"channel": channel.id, "ts": stored.ts, "message": _shown(stored, (), with_metadata=True)}


def _check_content(text: Any, blocks: Any) -> None:
    if not text and not blocks:
        raise Refused("no_text")
    if not isinstance(text, str):
        raise Refused("invalid_arguments", ["[ERROR] must be a string [json-pointer:/text]"])
    if len(text) > TEXT_LIMIT:
        raise Refused("msg_too_long")
    if blocks is not None and (found := problems(blocks)):
        raise Refused("invalid_blocks", found)


def _history(store: Store, arguments: Arguments) -> Answer:
    channel = _channel(store, arguments)
    everything = store.messages(channel)
    roots = [message for message in reversed(everything) if message.thread_ts is None]
    return _page(roots, everything, arguments)


def _replies(store: Store, arguments: Arguments) -> Answer:
    channel = _channel(store, arguments)
    everything = store.messages(channel)
    root = next((message for message in everything if message.ts == arguments.get("ts")), None)
    if root is None:
        raise Refused("thread_not_found")
    thread = [message for message in everything if root.ts in (message.ts, message.thread_ts)]
    return _page(thread, everything, arguments)


def _list(store: Store, arguments: Arguments) -> Answer:
    without = _flag(arguments, "exclude_archived")
    channels = [channel for channel in store.channels() if not (without and channel.archived)]
    shown = [
        {"id": channel.id, "name": channel.name, "is_channel": True, "is_archived": channel.archived, "is_member": True}
        for channel in channels
    ]
    start, limit = _cursor(arguments), _limit(arguments)
    following = str(start + limit) if start + limit < len(shown) else ""
    return {"channels": shown[start : start + limit], "response_metadata": {"next_cursor": following}}


def _page(messages: Sequence[Stored], everything: Sequence[Stored], arguments: Arguments) -> Answer:
    """One page of ``messages`` between ``oldest`` and ``latest``, with the cursor of the next."""
    oldest, latest = _moment(arguments, "oldest", 0.0), _moment(arguments, "latest", float("inf"))
    chosen = [message for message in messages if oldest < float(message.ts) < latest]
    start, limit = _cursor(arguments), _limit(arguments)
    with_metadata = _flag(arguments, "include_all_metadata")
    shown = [_shown(message, everything, with_metadata=with_metadata) for message in chosen[start : start + limit]]
    more = start + limit < len(chosen)
    following = {"response_metadata": {"next_cursor": str(start + limit)}} if more else {}
    return {"messages": shown, "has_more": more, **following}


def _shown(message: Stored, everything: Sequence[Stored], *, with_metadata: bool) -> Answer:
    told: Answer = {"type": "message", "user": USER_ID, "bot_id": BOT_ID, "ts": message.ts}
    told |= {"text": message.body["text"], "blocks": message.body["blocks"]}
    replies = sum(1 for other in everything if other.thread_ts == message.ts)
    if message.thread_ts or replies:
        told["thread_ts"] = message.thread_ts or message.ts
    if replies:
        told["reply_count"] = replies
    if with_metadata and message.body["metadata"]:
        told["metadata"] = message.body["metadata"]
    return told


def _channel(store: Store, arguments: Arguments, *, by_name: bool = False) -> Channel:
    """As Slack has it: posting takes a name or an id, reading an id only."""
    wanted = str(arguments.get("channel") or "")
    for channel in store.channels():
        if wanted == channel.id or (by_name and wanted.removeprefix("#") == channel.name):
            return channel
    raise Refused("channel_not_found")


def _thread(store: Store, channel: Channel, thread_ts: Any) -> str | None:
    if not thread_ts:
        return None
    root = next((message for message in store.messages(channel) if message.ts == thread_ts), None)
    if root is None:
        raise Refused("thread_not_found")
    return root.thread_ts or root.ts


def _metadata(arguments: Arguments) -> Any:
    metadata = _structure(arguments, "metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    fine = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not fine or not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    return metadata


def _structure(arguments: Arguments, name: str, error: str) -> Any:
    """An argument that is JSON: as text in a form, as itself in a JSON body."""
    value = arguments.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused(error) from None


def _flag(arguments: Arguments, name: str) -> bool:
    return arguments.get(name) in (True, 1, "1", "true", "True")


def _limit(arguments: Arguments) -> int:
    given = str(arguments.get("limit") or _PAGE)
    if not given.isdecimal() or not 1 <= int(given) <= _LARGEST_PAGE:
        raise Refused("invalid_limit")
    return int(given)


def _moment(arguments: Arguments, name: str, otherwise: float) -> float:
    try:
        return float(arguments.get(name) or otherwise)
    except ValueError:
        raise Refused(f"invalid_ts_{name}") from None


def _cursor(arguments: Arguments) -> int:
    given = str(arguments.get("cursor") or "0")
    if not given.isdecimal():
        raise Refused("invalid_cursor")
    return int(given)


METHODS: Mapping[str, Callable[[Store, Arguments], Answer]] = {
    "auth.test": _auth_test,
    "chat.postMessage": _post_message,
    "conversations.history": _history,
    "conversations.replies": _replies,
    "conversations.list": _list,
}
