"""Block Kit's rules, each by a message that breaks it."""

from typing import Any

import pytest

from golive_stack.slack_preview.kit import problems


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**given: Any) -> list[dict[str, Any]]:
    text = {"type": "plain_text", "text": "go"}
    return [{"type": "actions", "elements": [{"type": "button", "text": text, **given}]}]


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([{"type": "divider"}] * 51, "/blocks"),
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([section("")], "/blocks/0/text/text"),
        ([{"type": "section"}], "/blocks/0"),
        ([{"type": "divider"}, {"type": "marquee"}], "/blocks/1/type"),
        ([{"type": "divider", "color": "red"}], "/blocks/0"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/blocks/0/text/text"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
        ([{"type": "section", "fields": [section("x")["text"]] * 11}], "/blocks/0/fields"),
        ([{"type": "section", "fields": [section("x" * 2001)["text"]]}], "/blocks/0/fields/0/text"),
        ([{"type": "context", "elements": []}], "/blocks/0/elements"),
        (button(text={"type": "plain_text", "text": "x" * 76}), "/blocks/0/elements/0/text/text"),
        (button(url="https://a/" + "x" * 3000), "/blocks/0/elements/0/url"),
        (button(style="pretty"), "/blocks/0/elements/0/style"),
        ([{"type": "divider", "block_id": "b"}] * 2, "/blocks"),
        (["text"], "/blocks/0"),
    ],
)
def test_limits_are_kept(blocks: list[Any], pointer: str) -> None:
    """Blocks beyond a limit of Block Kit have one problem, which points at what is wrong."""
    (problem,) = problems(blocks)
    assert problem.endswith(f"[json-pointer:{pointer}]")


def test_blocks_at_the_limits_are_taken() -> None:
    """Exactly fifty blocks and exactly three thousand characters are still fine."""
    blocks = [section("x" * 3000)] * 49 + [{"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}]
    assert problems(blocks) == ()
