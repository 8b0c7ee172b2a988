"""The preview answers the real Slack client as Slack does, keeps what it was told, and fails on demand."""

import signal
import time
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from tests.domain.slack.running import CHANNELS, RunningPreview

RELEASE = CHANNELS[0]


def refusal(preview: RunningPreview, **message: Any) -> dict[str, Any]:
    """What Slack's client is told when this message is posted."""
    with pytest.raises(SlackApiError) as caught:
        preview.client().chat_postMessage(**{"channel": RELEASE, "text": "text", **message})
    return dict(caught.value.response.data)  # type: ignore[arg-type]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_posts_by_name_and_reads_by_id(preview: RunningPreview) -> None:
    """A message posted to a channel's name, with or without its #, is read back under its id with its metadata."""
    metadata = {"event_type": "golive_message", "event_payload": {"key": "k"}}
    posted = preview.client().chat_postMessage(channel=f"#{RELEASE}", text="안녕", metadata=metadata)
    assert posted["channel"] == preview.channel_id()
    bare = preview.client().conversations_history(channel=posted["channel"])["messages"]
    full = preview.client().conversations_history(channel=posted["channel"], include_all_metadata=True)["messages"]
    assert [(item["text"], item["ts"]) for item in bare] == [("안녕", posted["ts"])]
    assert "metadata" not in bare[0]
    assert full[0]["metadata"] == metadata


def test_form_encoding_is_understood(preview: RunningPreview) -> None:
    """A form with blocks as JSON text and the token as a field is as good as a JSON body."""
    form = {"token": "xoxb-test", "channel": RELEASE, "text": "form", "blocks": '[{"type": "divider"}]'}
    answer = httpx.post(f"{preview.api}chat.postMessage", data=form, timeout=5, trust_env=False).json()
    assert answer["ok"]
    assert answer["message"]["blocks"] == [{"type": "divider"}]


def test_threads_are_read_apart(preview: RunningPreview) -> None:
    """Replies are not in the history; the thread gives root and replies in order, page by page."""
    client, channel = preview.client(), preview.channel_id()
    root = client.chat_postMessage(channel=RELEASE, text="root")["ts"]
    for number in range(3):
        client.chat_postMessage(channel=channel, text=f"reply {number}", thread_ts=root)
    history = client.conversations_history(channel=channel)["messages"]
    first = client.conversations_replies(channel=channel, ts=root, limit=3)
    rest = client.conversations_replies(channel=channel, ts=root, cursor=first["response_metadata"]["next_cursor"])
    assert [(item["text"], item["reply_count"]) for item in history] == [("root", 3)]
    texts = [item["text"] for item in [*first["messages"], *rest["messages"]]]
    assert texts == ["root", "reply 0", "reply 1", "reply 2"]


def test_tokens_are_checked(preview: RunningPreview) -> None:
    """No token and a wrong token are told apart, and a right one says who it is."""
    answer = httpx.post(f"{preview.api}auth.test", timeout=5, trust_env=False).json()
    assert answer == {"ok": False, "error": "not_authed"}
    with pytest.raises(SlackApiError, match="invalid_auth"):
        preview.client("xoxb-wrong").auth_test()
    assert preview.client().auth_test()["user"] == "golive"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"channel": "nowhere"}, "channel_not_found"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"thread_ts": "1.000000"}, "thread_not_found"),
        ({"metadata": {"event_type": 1}}, "invalid_metadata_format"),
        ({"blocks": "{"}, "invalid_blocks_format"),
    ],
)
def test_refuses_messages_as_slack_does(preview: RunningPreview, message: dict[str, Any], error: str) -> None:
    """A message that Slack refuses is refused with Slack's word and posts nothing."""
    assert refusal(preview, **message)["error"] == error
    assert preview.messages() == []


def test_bad_blocks_are_refused_with_a_pointer(preview: RunningPreview) -> None:
    """Blocks beyond Block Kit are refused, and the answer points at what is wrong."""
    told = refusal(preview, blocks=[section("fine"), section("x" * 3001)])
    problem = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    assert (told["error"], told["response_metadata"]["messages"]) == ("invalid_blocks", [problem])
    assert preview.messages() == []


def test_reading_wants_an_id(preview: RunningPreview) -> None:
    """History by a channel's name is refused, as Slack refuses it."""
    with pytest.raises(SlackApiError, match="channel_not_found"):
        preview.client().conversations_history(channel=RELEASE)


def test_archived_channel_takes_nothing(preview: RunningPreview) -> None:
    """An archived channel refuses messages and can still be read."""
    preview.order("archive", channel=RELEASE)
    assert refusal(preview)["error"] == "is_archived"
    assert preview.messages() == []


def test_rate_limit_on_demand(preview: RunningPreview) -> None:
    """As many calls as ordered answer 429 with Retry-After; the next one passes."""
    preview.order("ratelimit", count=1, retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        preview.client().auth_test()
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert preview.client().auth_test()["ok"]


def test_down_on_demand(preview: RunningPreview) -> None:
    """While it is down every call answers 503; afterwards it works again."""
    preview.order("down", seconds=1)
    with pytest.raises(SlackApiError) as caught:
        preview.client().auth_test()
    assert caught.value.response.status_code == 503
    time.sleep(1.05)
    assert preview.client().auth_test()["ok"]


def test_dropped_post_takes_effect(preview: RunningPreview) -> None:
    """A dropped post breaks the connection, and the message is there."""
    preview.order("drop")
    with pytest.raises(OSError, match="closed"):
        preview.client().chat_postMessage(channel=RELEASE, text="seen")
    assert [message["text"] for message in preview.messages()] == ["seen"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_restart_forgets_nothing(own_preview: RunningPreview, how: signal.Signals) -> None:
    """After a stop, and after a kill, the channels are as they were and time goes on."""
    before = own_preview.client().chat_postMessage(channel=RELEASE, text="before")
    status = own_preview.stop(how)
    own_preview.start()
    after = own_preview.client().chat_postMessage(channel=RELEASE, text="after")
    assert status == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    assert before["channel"] == after["channel"]
    assert [message["text"] for message in own_preview.messages()] == ["before", "after"]
    assert after["ts"] > before["ts"]


def test_strangers_are_refused(preview: RunningPreview) -> None:
    """A page whose name was made to resolve to loopback reads nothing, and a form elsewhere orders nothing."""
    stranger = httpx.get(preview.url, headers={"Host": "evil.example:80"}, timeout=5, trust_env=False)
    form = httpx.post(f"{preview.url}preview/down", data={"seconds": "9"}, timeout=5, trust_env=False)
    assert (stranger.status_code, form.status_code) == (403, 404)
    assert preview.client().auth_test()["ok"]


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_unreadable_json_is_an_answer(preview: RunningPreview, body: bytes) -> None:
    """A body that is no JSON object is refused in words, and the preview goes on."""
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{preview.api}auth.test", content=body, headers=headers, timeout=5, trust_env=False)
    assert answer.json()["error"] == "invalid_json"
    assert preview.client().auth_test()["ok"]
