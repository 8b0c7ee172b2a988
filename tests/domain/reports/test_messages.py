"""Messages as values: what they say, whom they answer, and that Slack takes every one of them."""

import json
import string
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from golive.canonical import canonical
from golive.reports.message import Audience, Message, message_from_data
from golive.reports.messages import (
    Finding,
    Gate,
    ReleaseNews,
    StageNews,
    answered,
    approval_expired,
    approval_wanted,
    check_failed,
    incident_closed,
    incident_opened,
    nightly_summary,
    release_started,
    release_told,
    stage_told,
    step_failed,
)
from golive.texts import LOCALES, catalogue
from golive_stack.slack_preview.kit import problems
from tests.domain.reports.facts import AUDIENCE, LINK, ROOT

GATE = Gate("cutover", 1, "decide")
EXPIRES = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
EVIL = "<!channel> <script>x</script> \u202e\x1b[31m*b* `c`\n:x: {locale} <javascript:x|y>"
Build = Callable[[Audience, str], Message]
BUILDS: dict[str, Build] = {
    "release": lambda audience, word: release_started(audience, word, [word] * 60, LINK),
    **{
        f"stage {news}": lambda audience, word, news=news: stage_told(audience, news, word, 1, detail=word, link=LINK)
        for news in StageNews
    },
    "step": lambda audience, word: step_failed(audience, "install", 1, word, word, detail=word, link=LINK),
    "check": lambda audience, word: check_failed(audience, "cutover", 1, word, detail=word, link=LINK),
    "wanted": lambda audience, word: approval_wanted(audience, GATE, [word] * 40, EXPIRES, word, LINK),
    **{
        f"answer {answer}": lambda audience, word, answer=answer: answered(audience, GATE, word, answer, word)
        for answer in ("approve", "return", "stop")
    },
    "expired": lambda audience, _word: approval_expired(audience, GATE),
    **{
        f"release {news}": lambda audience, word, news=news: release_told(audience, news, detail=word, link=LINK)
        for news in ReleaseNews
    },
    "incident": lambda audience, word: incident_opened(audience, "INC-1", word, word, detail=word, link=LINK),
    "closed": lambda audience, word: incident_closed(audience, "INC-1", word, detail=word),
    "nightly": lambda audience, word: nightly_summary(
        audience, "2026-11-24", [Finding(word, "fail", word)] * 60 + [Finding("b", "inconclusive")], LINK
    ),
}  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS.keys())
@pytest.mark.parametrize("word", ["", "단어", EVIL, "&" * 5000], ids=["empty", "word", "evil", "huge"])
def test_slack_takes_every_message(build: Build, locale: str, word: str) -> None:
    """Whatever its words, a message keeps Block Kit's limits, has a text, and can be recorded and read again."""
    titles = {"title": word, "environment_title": word, "version": word}
    message = build(replace(AUDIENCE, locale=locale, **titles), word)
    assert problems(json.loads(json.dumps(message.blocks))) == ()
    assert message.text
    assert message_from_data(json.loads(canonical(message.as_data()))) == message


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS.keys())
def test_nobody_is_called_by_data(build: Build) -> None:
    """Hostile words mention no channel, link nowhere and turn no direction, in the blocks and in the text."""
    message = build(replace(AUDIENCE, title=EVIL, environment_title=EVIL, version=EVIL), EVIL)
    for text in [message.text, *mrkdwn(message.blocks)]:
        assert not set(text) & {"<", "\u202e", "\x1b"}


def mrkdwn(item: object) -> list[str]:
    """Every mrkdwn text in blocks."""
    if isinstance(item, dict):
        own = [item["text"]] if item.get("type") == "mrkdwn" else []
        return own + [text for value in item.values() for text in mrkdwn(value)]
    if isinstance(item, list | tuple):
        return [text for value in item for text in mrkdwn(value)]
    return []


def test_thread_and_channel() -> None:
    """A release's messages answer its root; incidents and nightly summaries stand for themselves."""
    word = "x"
    threads = {name: (build(AUDIENCE, word).channel, build(AUDIENCE, word).thread) for name, build in BUILDS.items()}
    incidents, channel = AUDIENCE.incidents, AUDIENCE.channel
    apart = {"release": (channel, None), "nightly": (channel, None), "incident": (incidents, None)}
    apart["closed"] = (incidents, "incident:INC-1")
    assert threads == {name: apart.get(name, (channel, ROOT)) for name in BUILDS}
    assert BUILDS["release"](AUDIENCE, word).key == ROOT


def test_keys_tell_messages_apart() -> None:
    """Every kind of message has a key of its own, and so has every attempt."""
    keys = [build(AUDIENCE, "x").key for build in BUILDS.values()]
    keys += [stage_told(AUDIENCE, StageNews.STARTED, "x", 2).key]
    assert len(set(keys)) == len(keys)


def test_approval_says_who_and_until_when() -> None:
    """An approval names its signers and its end by the clock of the environment, and opens the gate."""
    message = approval_wanted(AUDIENCE, GATE, ["park.infra", "choi.quality"], EXPIRES, "sha256:abc", LINK)
    shown = json.dumps(message.blocks, ensure_ascii=False)
    for part in (
        "*전환* 승인 요청",
        "박인프라 (park.infra), choi.quality",
        "2026-11-25 15:00 KST",
        "`sha256:abc`",
        LINK,
    ):
        assert part in shown


def test_nightly_shows_trouble_first() -> None:
    """A night with a failure says so in its title and lists it before what passed."""
    findings = [Finding("app1", "pass"), Finding("인증서", "fail", "3일 남음")]
    message = nightly_summary(AUDIENCE, "2026-11-24", findings)
    assert message.text == ":warning: 야간 점검 2026-11-24 · 운영: 확인 필요"
    assert message.blocks[3]["text"]["text"] == ":x:  인증서 — 3일 남음\n:white_check_mark:  app1"


def test_unsafe_link_makes_no_button() -> None:
    """A message whose address may not be linked is sent without it."""
    message = stage_told(AUDIENCE, StageNews.DONE, "install", 1, link="javascript:alert(1)")
    assert [block["type"] for block in message.blocks] == ["section"]


@pytest.mark.parametrize("area", ["messages", "reports"])
def test_both_languages_say_the_same(area: str) -> None:
    """Every text exists in both languages with the same placeholders."""
    told = {
        locale: {
            key: {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for key, text in catalogue(locale).items()
            if key.startswith(f"{area}.")
        }
        for locale in LOCALES
    }
    assert told["ko"] == told["en"]
