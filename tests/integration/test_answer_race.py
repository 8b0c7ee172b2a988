"""An answer that comes the moment a gate has parked is never lost, and never fails the gate."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from golive_stack.demo.airflow_api import Asked
from tests.live import PATIENCE, Live

pytestmark = pytest.mark.integration

GATES, ANSWERS = 5, 10
PAUSE = 0.05
"""Seconds between two looks at a gate: much less than the scheduler needs to hear that a worker is done."""


def test_fifty_answers_right_after_parking_are_all_recorded(live: Live) -> None:
    """Each is sent the moment its gate has parked. All are read by the gate's first try, and none fails it."""
    releases = [live.submit(f"answer-race-{number}") for number in range(GATES)]
    with ThreadPoolExecutor(GATES) as pool:
        looks = list(pool.map(lambda release: answer_at_once(live, release), releases))
    for release, look in zip(releases, looks, strict=True):
        refused = [event.data["why"] for event in live.events(release) if event.kind == "gate.refused"]
        assert refused == ["approvals.why_reason_missing"] * (ANSWERS - 1)
        assert live.standing(release, "environment").state == "returned"
        assert look.instance()["try_number"] == 1
        assert look.mismatches() == []


def answer_at_once(live: Live, release: str) -> "Look":
    """A return without a reason does not count, so the gate asks again and parks again; the last one ends it."""
    run = live.trigger("environment", release)
    asked = live.question(release, "decide")
    voter, look = live.api(asked.people[0]), Look(live, asked)
    for number in range(ANSWERS):
        look.await_parked()
        voter.answer(asked, asked.options[1], "이제 그만" if number == ANSWERS - 1 else "")
    assert live.ended("environment", run) == "failed"
    return look


class Look:
    """What the page's API says to the administrator, over one connection."""

    def __init__(self, live: Live, asked: Asked) -> None:
        login = {"username": "admin", "password": live.info.person("admin").password.reveal()}
        self.asked = asked
        self.client = httpx.Client(base_url=live.info.page, timeout=60, trust_env=False)
        token = self.client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def instance(self) -> dict[str, Any]:
        asked = self.asked
        return self._get(f"/dags/{asked.dag}/dagRuns/{asked.run}/taskInstances/{asked.task}")

    def await_parked(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.instance()["state"] != "awaiting_input":
            assert time.monotonic() < deadline, self.instance()
            time.sleep(PAUSE)

    def mismatches(self) -> list[str]:
        """What the scheduler wrote down of tasks that were not in the state that the executor reported."""
        found = self._get("/eventLogs", event="state mismatch", run_id=self.asked.run)
        return [entry["extra"] for entry in found["event_logs"]]

    def _get(self, path: str, **where: str) -> dict[str, Any]:
        return dict(self.client.get(f"/api/v2{path}", params=where).raise_for_status().json())
