"""The outbox, over the real client against the real preview, with a real ledger."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from golive.ledger import Ledger
from golive.ledger.events import NewEvent
from golive.reports import slack
from golive.reports.errors import RateLimited
from golive.reports.message import Message
from golive.reports.messages import StageNews, incident_opened
from golive.reports.outbox import Patience, Posted, send_pending
from golive.reports.queue import queue
from golive.reports.slack import SlackPoster
from golive.secret import Secret
from tests.domain.reports.facts import AUDIENCE, ROOT, STREAM, reply, root
from tests.domain.slack.running import CHANNELS, CREDENTIAL, RunningPreview

HASTE = Patience(wait_seconds=3, settle_seconds=0, turn_seconds=20)


@pytest.fixture
def poster(preview: RunningPreview) -> SlackPoster:
    return SlackPoster(Secret(CREDENTIAL), preview.api, timeout=3)


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind.removeprefix("message.") for event in ledger.read(STREAM)]


def test_queues_a_key_once(ledger: Ledger) -> None:
    """A message queued again, also within one call, is queued once."""
    assert queue(ledger, STREAM, root(), reply("install"), root()) == (ROOT, reply("install").key)
    assert queue(ledger, STREAM, replace(root(), text="other")) == ()
    assert kinds(ledger) == ["queued", "queued"]


def test_delivers_in_order_and_in_the_thread(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """The root opens a thread, replies follow in it in the order of queueing, and what was sent is not sent again."""
    messages = [root(), reply("environment"), reply("environment", StageNews.DONE), reply("install")]
    queue(ledger, STREAM, *messages)
    report = send_pending(ledger, STREAM, poster, HASTE)
    again = send_pending(ledger, STREAM, poster, HASTE)
    shown = preview.messages()
    assert list(report.sent) == preview.keys() == [message.key for message in messages]
    assert {message.get("thread_ts") for message in shown} == {shown[0]["ts"]}
    assert again.sent == again.waiting == ()


def test_later_replies_find_their_thread(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """A reply queued after its root was sent goes into the root's thread."""
    queue(ledger, STREAM, root())
    send_pending(ledger, STREAM, poster, HASTE)
    queue(ledger, STREAM, reply("install"))
    send_pending(ledger, STREAM, poster, HASTE)
    assert len(preview.messages()) == 2
    assert len(preview.client().conversations_history(channel=preview.channel_id())["messages"]) == 1


def test_slack_down_keeps_everything(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """While Slack answers 503 nothing is raised and nothing lost; afterwards everything is there once, in order."""
    queue(ledger, STREAM, root(), reply("install"))
    preview.order("down", seconds=60)
    report = send_pending(ledger, STREAM, poster, HASTE)
    preview.order("down", seconds=0)
    assert report.waiting == (ROOT, reply("install").key)
    assert "503" in report.causes[AUDIENCE.channel]
    send_pending(ledger, STREAM, poster, HASTE)
    assert preview.keys() == [ROOT, reply("install").key]


def test_slack_gone_keeps_everything(ledger: Ledger, own_preview: RunningPreview) -> None:
    """With nobody listening the messages wait, and a later sender delivers them."""
    queue(ledger, STREAM, root())
    own_preview.stop()
    assert send_pending(ledger, STREAM, SlackPoster(Secret(CREDENTIAL), own_preview.api), HASTE).waiting == (ROOT,)
    own_preview.start()
    assert send_pending(ledger, STREAM, SlackPoster(Secret(CREDENTIAL), own_preview.api), HASTE).sent == (ROOT,)
    assert own_preview.keys() == [ROOT]


def test_retry_after_is_honoured(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """A 429 is waited out for as long as Slack says, and the message arrives in the same call."""
    queue(ledger, STREAM, root())
    preview.order("ratelimit", count=2, retry_after=1)
    before = ledger.now()
    report = send_pending(ledger, STREAM, poster, HASTE)
    assert report.sent == (ROOT,)
    assert (ledger.now() - before).total_seconds() >= 2
    assert kinds(ledger) == ["queued", "attempted", "sent"]


def test_long_retry_after_is_left_for_later(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """A wait longer than our patience is not begun; the message stays queued and comes next time."""
    queue(ledger, STREAM, root())
    preview.order("ratelimit", count=1, retry_after=600)
    before = ledger.now()
    assert send_pending(ledger, STREAM, poster, HASTE).waiting == (ROOT,)
    assert (ledger.now() - before).total_seconds() < 2
    assert send_pending(ledger, STREAM, poster, HASTE).sent == (ROOT,)
    assert preview.keys() == [ROOT]


@pytest.mark.parametrize("messages", [(root(),), (root(), reply("install"))])
def test_lost_answer_shows_once(
    ledger: Ledger, preview: RunningPreview, poster: SlackPoster, messages: tuple[Message, ...]
) -> None:
    """A post that took effect without an answer is found in the channel, or in its thread, and not posted again."""
    queue(ledger, STREAM, *messages[:-1])
    send_pending(ledger, STREAM, poster, HASTE)
    queue(ledger, STREAM, messages[-1])
    preview.order("drop")
    lost = send_pending(ledger, STREAM, poster, HASTE)
    found = send_pending(ledger, STREAM, poster, HASTE)
    assert lost.waiting == found.sent == (messages[-1].key,)
    assert preview.keys() == [message.key for message in messages]


def test_lost_answer_is_found_behind_many_messages(
    ledger: Ledger, preview: RunningPreview, poster: SlackPoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look into the channel goes through all its pages."""
    monkeypatch.setattr(slack, "_PAGE", 3)
    queue(ledger, STREAM, root())
    preview.order("drop")
    send_pending(ledger, STREAM, poster, HASTE)
    for number in range(7):
        preview.client().chat_postMessage(channel=CHANNELS[0], text=f"chat {number}")
    assert send_pending(ledger, STREAM, poster, HASTE).sent == (ROOT,)
    assert len(preview.messages()) == 8


class DiesAfterPosting:
    """A poster whose process is killed when Slack has the message and we do not know yet."""

    def __init__(self, poster: SlackPoster) -> None:
        self._poster = poster

    def post(self, message: Message, root: Posted | None) -> Posted:
        self._poster.post(message, root)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        return self._poster.find(message, root, since)


def test_killed_after_the_post_shows_once(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """A sender killed between Slack's effect and our record is followed by one that finds the message."""
    queue(ledger, STREAM, root())
    fork = multiprocessing.get_context("fork")
    sender = fork.Process(target=send_pending, args=(ledger, STREAM, DiesAfterPosting(poster), HASTE))
    sender.start()
    sender.join(20)
    assert sender.exitcode == -signal.SIGKILL
    assert kinds(ledger) == ["queued", "attempted"]
    assert send_pending(ledger, STREAM, poster, HASTE).sent == (ROOT,)
    assert preview.keys() == [ROOT]


class Slow:
    """A poster that takes its time before Slack has the message."""

    def __init__(self, poster: SlackPoster) -> None:
        self._poster = poster

    def post(self, message: Message, root: Posted | None) -> Posted:
        time.sleep(0.3)
        return self._poster.post(message, root)

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        return self._poster.find(message, root, since)


def test_two_senders_at_once_show_once(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """While one sender is about to post, another does not post the same."""
    queue(ledger, STREAM, root())
    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(send_pending, ledger, STREAM, Slow(poster), HASTE) for _ in range(2)]
    assert sorted(future.result().sent for future in sending) == [(), (ROOT,)]
    assert preview.keys() == [ROOT]


def test_many_senders_show_once(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """Senders at the same time deliver every message once and in order, also what was queued meanwhile."""
    stages = [f"stage{number}" for number in range(6)]
    queue(ledger, STREAM, root())

    def tell(stage: str) -> None:
        queue(ledger, STREAM, reply(stage))
        send_pending(ledger, STREAM, poster, HASTE)

    with ThreadPoolExecutor(len(stages)) as pool:
        list(pool.map(tell, stages))
    queued = [event.data["key"] for event in ledger.read(STREAM) if event.kind == "message.queued"]
    assert preview.keys() == queued
    assert len(queued) == 7


def test_sender_whose_turn_never_comes_says_what_waits(ledger: Ledger, poster: SlackPoster) -> None:
    """Behind a sender that does not end, the next one gives up after its patience and reports what waits."""
    queue(ledger, STREAM, root())
    with ledger.session_lock(f"outbox:{STREAM}") as held:
        report = send_pending(ledger, STREAM, poster, replace(HASTE, turn_seconds=0))
    assert held
    assert report.waiting == (ROOT,)


def test_refused_message_is_recorded_and_left(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """What Slack will never take is recorded as refused with Slack's word; what follows is delivered."""
    spoilt = replace(reply("install"), key="spoilt", blocks=({"type": "section"},))
    queue(ledger, STREAM, root(), spoilt, reply("cutover"))
    report = send_pending(ledger, STREAM, poster, HASTE)
    assert report.refused == ("spoilt",)
    assert preview.keys() == [ROOT, reply("cutover").key]
    refused = [event.data for event in ledger.read(STREAM) if event.kind == "message.refused"]
    assert refused == [{"key": "spoilt", "error": "invalid_blocks"}]
    assert send_pending(ledger, STREAM, poster, HASTE) == replace(report, sent=(), refused=())


@pytest.mark.parametrize("trouble", ["unknown", "archived"])
def test_unusable_channel_stops_no_other(
    ledger: Ledger, preview: RunningPreview, poster: SlackPoster, trouble: str
) -> None:
    """A channel that is unknown or archived refuses its messages; other channels get theirs."""
    channel = "#nowhere" if trouble == "unknown" else AUDIENCE.channel
    preview.order("archive", channel=CHANNELS[0])
    queue(ledger, STREAM, replace(root(), channel=channel), incident_opened(AUDIENCE, "INC-1", "전환 실패", "P1"))
    report = send_pending(ledger, STREAM, poster, HASTE)
    assert (report.refused, report.sent) == ((ROOT,), ("incident:INC-1",))
    assert preview.keys(CHANNELS[1]) == ["incident:INC-1"]


def test_replies_of_a_refused_root_are_still_seen(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """Where the root was refused, its replies stand in the channel itself."""
    queue(ledger, STREAM, replace(root(), blocks=({"type": "marquee"},)), reply("install"))
    assert send_pending(ledger, STREAM, poster, HASTE).sent == (reply("install").key,)
    assert preview.keys() == [reply("install").key]


def test_wrong_token_keeps_everything(ledger: Ledger, preview: RunningPreview, poster: SlackPoster) -> None:
    """A wrong token refuses nothing for ever: with the right one the message is delivered."""
    queue(ledger, STREAM, root())
    report = send_pending(ledger, STREAM, SlackPoster(Secret("xoxb-wrong"), preview.api), HASTE)
    assert "invalid_auth" in report.causes[AUDIENCE.channel]
    assert "xoxb" not in str(report)
    assert send_pending(ledger, STREAM, poster, HASTE).sent == (ROOT,)


class Never:
    """A poster that must not be asked."""

    def post(self, message: Message, root: Posted | None) -> Posted:
        raise AssertionError("posted")

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        raise RateLimited(retry_after=600)


def test_never_posts_what_it_could_not_look_for(ledger: Ledger) -> None:
    """When the channel cannot be asked after an unknown attempt, nothing is posted."""
    queue(ledger, STREAM, root())
    ledger.record(STREAM, NewEvent("message.attempted", {"key": ROOT}))
    assert send_pending(ledger, STREAM, Never(), HASTE).waiting == (ROOT,)


class Steps:
    """A poster that notes when it was asked to look."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.looked: list[datetime] = []

    def post(self, message: Message, root: Posted | None) -> Posted:
        return Posted("C0", "1.000001")

    def find(self, message: Message, root: Posted | None, since: datetime) -> Posted | None:
        self.looked.append(self.ledger.now())
        return None


def test_looks_only_when_a_post_must_have_settled(ledger: Ledger) -> None:
    """After an unknown attempt the look waits until Slack must show what it received."""
    queue(ledger, STREAM, root())
    (attempt,) = ledger.record(STREAM, NewEvent("message.attempted", {"key": ROOT}))
    poster = Steps(ledger)
    assert send_pending(ledger, STREAM, poster, replace(HASTE, settle_seconds=1)).sent == (ROOT,)
    assert (poster.looked[0] - attempt.at).total_seconds() >= 1
