"""The page shows what Slack would show, and runs nothing of what it shows."""

import re

import pytest

from golive_stack.slack_preview.mrkdwn import to_html
from tests.domain.slack.running import CHANNELS, RunningPreview

RELEASE = CHANNELS[0]


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <del>no</del>"),
        ("contact_center_2 2*3*4", "contact_center_2 2*3*4"),
        ("`a*b*` c", "<code>a*b*</code> c"),
        ("&lt;!channel&gt; &amp;amp;", "&lt;!channel&gt; &amp;amp;"),
        ("<!channel>", '<span class="mention">!channel</span>'),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<https://a/?b=1&amp;c=2|there>", 'href="https://a/?b=1&amp;c=2"'),
        ('<https://a/"onclick="x|y>', 'href="https://a/&quot;onclick=&quot;x"'),
        ("a\nb", "a<br>b"),
        ("&gt; quoted", '<span class="quote">quoted</span>'),
        (":x: :unknown:", '<span class="badge red" title=":x:">✕</span> :unknown:'),
    ],
)
def test_mrkdwn_becomes_safe_html(mrkdwn: str, shown: str) -> None:
    """Slack's markup becomes our tags, and nothing else does."""
    assert shown in to_html(mrkdwn)


def test_page_shows_channels_threads_and_blocks(preview: RunningPreview) -> None:
    """The page lists the channels and shows blocks, link buttons and replies in their thread."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "열기"}, "url": "https://a.example/"}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "오픈"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*버전*\n2.0"}]},
        {"type": "actions", "elements": [button]},
    ]
    root = preview.client().chat_postMessage(channel=RELEASE, text="t", blocks=blocks)["ts"]
    preview.client().chat_postMessage(channel=RELEASE, text="reply", thread_ts=root)
    page = preview.page()
    for part in ("<h3>오픈</h3>", "<strong>버전</strong><br>2.0", 'href="https://a.example/"', "답글 1개", *CHANNELS):
        assert part in page
    assert "아직 메시지가 없습니다" in preview.page(f"?channel={CHANNELS[1]}")
    assert "<html" not in preview.page("fragment")


def test_page_runs_nothing_of_what_it_shows(preview: RunningPreview) -> None:
    """Hostile text in every place of a message comes out as text, and the page's policy forbids inline scripts."""
    evil = "<img src=x onerror=alert(1)>"
    link = {"type": "button", "text": {"type": "plain_text", "text": evil}, "url": "javascript:alert(1)"}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": evil}},
        {"type": "section", "text": {"type": "mrkdwn", "text": evil}, "fields": [{"type": "plain_text", "text": evil}]},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://a/", "alt_text": evil}]},
        {"type": "actions", "elements": [link]},
    ]
    preview.client().chat_postMessage(channel=RELEASE, text=evil, blocks=blocks)
    page = preview.page()
    assert "<img" not in page
    assert "javascript:" not in page
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/preview.js">']
    assert all(preview.page(f"static/{name}") for name in ("preview.js", "preview.css"))
