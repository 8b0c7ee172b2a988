"""What the tests of messages tell of."""

from datetime import UTC, datetime

from golive.ledger.events import Event
from golive.reports.message import Audience, Message
from golive.reports.messages import StageNews, release_started, stage_told

STREAM = "release/contact-center-2.0"
LINK = "http://127.0.0.1:8080/dags/release/runs/1"
AUDIENCE = Audience(
    release="contact-center-2.0",
    environment="production",
    channel="#contact-center-release",
    incidents="#contact-center-incidents",
    locale="ko",
    title="고객상담센터 2.0 오픈",
    environment_title="운영",
    version="2.0.0",
    people={"park.infra": "박인프라"},
)
ROOT = "release:contact-center-2.0:production"


def root() -> Message:
    return release_started(AUDIENCE, "kim.release", ["CSR-2026-0117 상담 이력 통합 조회"], LINK)


def reply(stage: str, news: StageNews = StageNews.STARTED) -> Message:
    return stage_told(AUDIENCE, news, stage, 1, link=LINK)


def event(sequence: int, kind: str, /, **data: object) -> Event:
    return Event(STREAM, sequence, kind, data, "golive", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), f"d{sequence}")
