"""Slack as a ``Poster``, over slack_sdk. The bot needs chat:write, channels:read and channels:history
(groups:read and groups:history for private channels)."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from golive.errors import DeliveryError
from golive.reports.errors import DeliveryUnknown, MessageRefused, RateLimited
from golive.reports.message import Message
from golive.reports.outbox import Posted
from golive.secret import Secret

EVENT_TYPE = "golive_message"
SLACK = "https://slack.com/api/"
TIMEOUT_SECONDS = 10
# Asking again gets the same answer.
PERMANENT = frozenset(
    (
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "channel_not_found",
        "is_archived",
        "msg_too_long",
        "no_text",
        "thread_not_found",
        "cannot_reply_to_message",
    )
)
_PAGE = 200
_CLOCKS_DIFFER = timedelta(hours=1)
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
_UNTOLD_WAIT_SECONDS = 30


class SlackPoster:
    """Posts with the message's key as metadata, by which ``find`` knows it again."""

    def __init__(self, token: Secret, base_url: str = SLACK, timeout: int = TIMEOUT_SECONDS) -> None:
        # No retry handlers: the default one posts again when a connection breaks, that is: perhaps twice.
        self._client = WebClient(token=token.reveal(), base_url=base_url, timeout=timeout, retry_handlers=[])

    def post(self, message: Message, root: Posted | None) -> Posted:
        answer = self._ask(
            message.channel,
            lambda: self._client.chat_postMessage(
                channel=root.channel if root else message.channel,
                thread_ts=root.ts if root else None,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        return Posted(answer["channel"], answer["ts"])

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        channel = root.channel if root else self._channel_id(message.channel)
        read = partial(self._client.conversations_replies, ts=root.ts) if root else self._client.conversations_history
        oldest = f"{(since - _CLOCKS_DIFFER).timestamp():.6f}"
        call = partial(read, channel=channel, oldest=oldest, include_all_metadata=True)
        found = (item["ts"] for item in self._pages(message.channel, "messages", call) if _key(item) == message.key)
        return next((Posted(channel, ts) for ts in found), None)

    def _channel_id(self, channel: str) -> str:
        """Reading wants an id where posting takes a name."""
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        call = partial(self._client.conversations_list, types="public_channel,private_channel")
        for item in self._pages(channel, "channels", call):
            if item["name"] == channel.removeprefix("#"):
                return str(item["id"])
        raise MessageRefused(error="channel_not_found", channel=channel)

    def _pages(self, channel: str, name: str, call: Callable[..., SlackResponse]) -> Iterator[Mapping[str, Any]]:
        """The items under ``name`` of all pages; ``channel`` is only for what an error says."""
        cursor: str | None = None
        while True:
            answer = self._ask(channel, partial(call, limit=_PAGE, cursor=cursor))
            yield from answer[name]
            cursor = answer.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return

    def _ask(self, channel: str, call: Callable[[], SlackResponse]) -> Mapping[str, Any]:
        try:
            answer = call().data
        except SlackApiError as error:
            raise _named(error.response, channel) from error
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            raise DeliveryUnknown(cause=f"{type(error).__name__}: {error}") from error
        if isinstance(answer, bytes):
            raise DeliveryUnknown(cause="not JSON")
        return answer


def _named(response: SlackResponse, channel: str) -> DeliveryError:
    if response.status_code == 429:
        return RateLimited(retry_after=_seconds(response.headers.get("Retry-After")))
    if response.status_code != 200:
        return DeliveryUnknown(cause=f"HTTP {response.status_code}")
    error = str(response.get("error"))
    if error in PERMANENT:
        return MessageRefused(error=error, channel=channel)
    return DeliveryUnknown(cause=error)


def _seconds(header: str | None) -> int:
    return int(header) if header and header.isdecimal() else _UNTOLD_WAIT_SECONDS


def _key(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata", {})
    return metadata.get("event_payload", {}).get("key") if metadata.get("event_type") == EVENT_TYPE else None
