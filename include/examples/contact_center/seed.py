"""Rows for the contact centre's tables: the same rows every time, in Korean, of nobody who exists."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

Row = tuple[object, ...]

CUSTOMERS = 120
AGENTS = 24
CONSULTATIONS = 400
SEED = 20260117
FIRST_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=9)))

FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN = (
    "서준", "하윤", "지호", "수아", "도윤", "지우", "예준", "서연", "시우", "민서",
    "주원", "채원", "건우", "다은", "현우", "은지", "준서", "유나", "성민", "가온",
)  # fmt: skip
TEAMS = ("상담1팀", "상담2팀", "기술지원팀", "VIP상담팀")
STATUSES = ("대기", "상담중", "후처리", "휴식", "교육")
GRADES = ("일반", "일반", "일반", "우수", "우수", "VIP")
CHANNELS = ("전화", "전화", "전화", "채팅", "채팅", "이메일", "방문")
TOPICS = {
    "요금 문의": "청구 금액이 지난달과 다른 까닭을 안내함",
    "가입 상담": "상품 구성과 가입 절차를 안내함",
    "해지 상담": "해지 시 정산 내역과 대안을 안내함",
    "장애 신고": "접속 장애를 접수하고 기술지원팀에 전달함",
    "비밀번호 초기화": "본인 확인 후 비밀번호를 초기화함",
    "배송 조회": "운송장 번호와 도착 예정일을 안내함",
    "환불 요청": "환불 조건을 확인하고 요청을 접수함",
    "주소 변경": "새 주소로 변경하고 확인 문자를 보냄",
}


def tables() -> dict[str, tuple[Row, ...]]:
    """Rows by table, in an order that foreign keys accept; columns in the order of ``schema.sql``."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    return {
        "customer": tuple(_customers(chance)),
        "agent": tuple(_agents(chance)),
        "consultation": tuple(_consultations(chance)),
    }


def _name(chance: random.Random) -> str:
    return chance.choice(FAMILY) + chance.choice(GIVEN)


def _customers(chance: random.Random) -> Iterator[Row]:
    for number in range(1, CUSTOMERS + 1):
        registered = date(2021, 1, 1) + timedelta(days=chance.randrange(1800))
        yield (number, _name(chance), f"010-0000-{number:04d}", chance.choice(GRADES), registered)


def _agents(chance: random.Random) -> Iterator[Row]:
    for number in range(1, AGENTS + 1):
        yield (number, _name(chance), TEAMS[number % len(TEAMS)], str(7000 + number), chance.choice(STATUSES))


def _consultations(chance: random.Random) -> Iterator[Row]:
    received = FIRST_DAY
    for number in range(1, CONSULTATIONS + 1):
        received = _next_call(received, chance)
        topic = chance.choice(tuple(TOPICS))
        status = _status(number, chance)
        agent = None if status == "접수" else chance.randrange(1, AGENTS + 1)
        closed = received + timedelta(minutes=chance.randrange(3, 90)) if status == "완료" else None
        customer, channel = chance.randrange(1, CUSTOMERS + 1), chance.choice(CHANNELS)
        yield (number, customer, agent, channel, topic, status, received, closed, TOPICS[topic])


def _next_call(received: datetime, chance: random.Random) -> datetime:
    """Some minutes later; after six in the evening, the next working day's morning."""
    later = received + timedelta(minutes=chance.randrange(2, 25))
    if later.hour < 18:
        return later
    days = 3 if later.weekday() == 4 else 1
    return later.replace(hour=9, minute=chance.randrange(10)) + timedelta(days=days)


def _status(number: int, chance: random.Random) -> str:
    if number <= CONSULTATIONS - 30:
        return "이관" if chance.randrange(12) == 0 else "완료"
    return chance.choice(("접수", "처리중", "완료"))
