"""The contact centre's users: they go on writing through the balancer while the release is carried out.

Each request has a number of its own and is sent again until the service says *received*; what was said is kept. At the
end every received request must be there exactly once, wherever the service keeps its rows by then.
"""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import psycopg

from golive.secret import Secret

TOPICS = ("요금 문의", "가입 상담", "해지 상담", "장애 신고", "환불 요청", "주소 변경")
CHANNELS = ("전화", "채팅", "이메일", "방문")
MEMOS = ("본인 확인 후 처리함", "고객이 다시 연락하기로 함", "기술지원팀에 전달함")
RETRY_SECONDS = 0.2
REQUEST_SECONDS = 10.0

NEW_ROWS = "SELECT request, count(*) FROM consultation WHERE request = ANY(%s) GROUP BY request"
OLD_ROWS = "SELECT req_no, count(*) FROM tb_cnsl WHERE req_no = ANY(%s) GROUP BY req_no"


@dataclass
class Writer:
    """Sends ``per_second`` consultations to ``page`` until stopped. ``received`` are the requests it may rely on."""

    page: str
    customers: int
    name: str
    per_second: float = 10.0
    received: list[str] = field(default_factory=list)
    longest_wait: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the request in flight was received, or given up because nothing answers any more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(REQUEST_SECONDS * 3)

    def _write(self) -> None:
        chance = random.Random(self.name)  # noqa: S311 - repeatable, not secret
        with httpx.Client(timeout=REQUEST_SECONDS, trust_env=False) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                self._one(client, self._request(number, chance))
                self._stop.wait(1 / self.per_second)

    def _request(self, number: int, chance: random.Random) -> dict[str, object]:
        return {
            "request": f"{self.name}-{number}",
            "customer": chance.randrange(1, self.customers + 1),
            "channel": chance.choice(CHANNELS),
            "topic": chance.choice(TOPICS),
            "memo": chance.choice(MEMOS),
        }

    def _one(self, client: httpx.Client, request: dict[str, object]) -> None:
        begun = time.monotonic()
        while not _received(client, f"{self.page}/api/consultations", request):
            # After the stop one more round is enough: what was never said to be received may be missing.
            if self._stop.wait(RETRY_SECONDS):
                return
        self.received.append(str(request["request"]))
        self.longest_wait = max(self.longest_wait, time.monotonic() - begun)


@dataclass(frozen=True)
class Written:
    """``received`` consultations in all; ``wrong`` of them are not there exactly once; the ``longest`` that one user
    waited until it was received, in seconds."""

    received: int
    wrong: dict[str, int]
    longest: float


def _received(client: httpx.Client, address: str, request: dict[str, object]) -> bool:
    try:
        return client.post(address, json=request).status_code == httpx.codes.CREATED
    except httpx.HTTPError:
        return False


def lost_or_doubled(url: Secret, query: str, received: Sequence[str]) -> dict[str, int]:
    """How often each received request is there, for those that are not there exactly once."""
    with psycopg.connect(url.reveal(), connect_timeout=10, options="-c statement_timeout=60000") as connection:
        found: dict[str, int] = dict(connection.execute(query.encode(), (list(received),)).fetchall())
    return {request: found.get(request, 0) for request in received if found.get(request, 0) != 1}
