"""From events to messages."""

from golive.reports.narrate import narrate
from tests.domain.reports.facts import AUDIENCE, LINK, ROOT, event

INSTALL = {"environment": "production", "stage": "install", "attempt": 1}
GATE = {**INSTALL, "kind": "decide", "plan": "sha256:p", "manifest": "sha256:m"}
EFFECT = {**INSTALL, "operation": "op1", "step": "unpack", "target": "host:app1"}
STORY = (
    event(1, "release.submitted", manifest="sha256:m", files={}, round=1, drafter="kim.release"),
    event(2, "stage.opened", environment="test", stage="install", attempt=1, requester="kim.release"),
    event(3, "stage.opened", **INSTALL, requester="lee.operator"),
    event(4, "gate.asked", **GATE, body="", assignees=["park.infra"], expires="2026-11-25T06:00:00+00:00"),
    event(5, "gate.signed", **GATE, person="park.infra", answer="approve", reason="", channel="airflow"),
    event(6, "effect.intended", **EFFECT),
    event(7, "effect.recorded", operation="op1", outcome="failed", exit_status=28, detail="No space left on device"),
    event(8, "effect.recorded", operation="op2", outcome="failed", exit_status=1, detail="of nobody"),
    event(9, "fact.recorded", **INSTALL, name="home_page", verdict="fail", evidence="sha256:e", detail="status 500"),
    event(10, "fact.recorded", **INSTALL, name="smoke", verdict="fail", evidence="sha256:e", detail=""),
    event(11, "fact.recorded", **INSTALL, name="other", verdict="pass", evidence="sha256:e", detail="fine"),
    event(12, "stage.rolled_back", **INSTALL),
    event(13, "release.rolled_back", environment="production"),
    event(14, "release.live", environment="production", plan="sha256:p"),
)


def test_tells_an_environments_story_in_order() -> None:
    """The events of one environment become its messages, the root first; other environments are not mixed in."""
    keys = [message.key for message in narrate(STORY, AUDIENCE)]
    assert keys == [
        ROOT,
        f"{ROOT}:stage:install:1:started",
        f"{ROOT}:gate:install:1:decide:wanted",
        f"{ROOT}:gate:install:1:decide:signed:park.infra:approve",
        f"{ROOT}:step:install:1:unpack:failed",
        f"{ROOT}:check:install:1:home_page:failed",
        f"{ROOT}:stage:install:1:rolled_back",
        f"{ROOT}:rolled_back:13",
        f"{ROOT}:live:14",
    ]


def test_telling_again_says_the_same() -> None:
    """Every beginning of a story is told the same way as in the whole of it."""
    whole = narrate(STORY, AUDIENCE)
    for length in range(len(STORY)):
        part = narrate(STORY[:length], AUDIENCE)
        assert part == whole[: len(part)]


def test_failure_names_target_and_cause() -> None:
    """A failed step says where it failed and what the host said."""
    (message,) = (item for item in narrate(STORY, AUDIENCE) if item.key.endswith("unpack:failed"))
    assert message.text == ":x: *설치* 단계 실패: `unpack` (`host:app1`)"
    assert message.blocks[1]["text"]["text"] == ">No space left on device"


def test_messages_link_to_where_their_event_is_seen() -> None:
    """The link of a message is the one given for its event."""
    told = narrate(STORY, AUDIENCE, link=lambda event: f"{LINK}/{event.sequence}")
    links = [block["elements"][0]["url"] for message in told for block in message.blocks if block["type"] == "actions"]
    assert links == [f"{LINK}/{number}" for number in (3, 3, 4, 7, 9, 12, 13, 14)]


def test_a_stage_without_a_release_run_has_its_thread() -> None:
    """Whatever stage comes first in an environment opens the thread, with the changes it carries."""
    (root, _) = narrate(STORY[2:3], AUDIENCE, ["CSR-1 조회"])
    assert (root.key, root.thread) == (ROOT, None)
    assert "•  CSR-1 조회" in root.blocks[2]["text"]["text"]
