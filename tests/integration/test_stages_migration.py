"""The example's rows move with its release, on real hosts and databases, and come back when the release does."""

from typing import Any

import httpx
import psycopg

from golive.ledger.events import release_stream
from tests.integration.stage_runs import Site, legacy_url, new_url

pytest_plugins = ("tests.integration.stage_fixtures",)
ENVIRONMENT = "test"
WRITTEN = {"customer": 7, "channel": "채팅", "topic": "환불 요청", "memo": "조건을 확인함"}


def ask(address: Any, query: str) -> Any:
    with psycopg.connect(address.reveal(), connect_timeout=5) as session:
        row = session.execute(query.encode()).fetchone()
    return row[0] if row else None


def write(site: Site, request: str) -> int:
    """Sends one consultation through the balancer; the status of the answer."""
    address = f"{site.page()}/api/consultations"
    return httpx.post(address, json={**WRITTEN, "request": request}, timeout=15, trust_env=False).status_code


def test_rows_move_and_what_is_written_after_go_live_comes_back(here: Site) -> None:
    """Version 2 serves the moved rows; taken back after go-live, version 1 has what both versions acknowledged."""
    assert write(here, "before") == 201
    release = here.submit("moves-1", whole=True)
    here.live(release)
    assert here.version() == "2.0.0"
    assert ask(new_url(here.info, ENVIRONMENT), "SELECT count(*) FROM consultation WHERE request = 'before'") == 1
    assert write(here, "after") == 201
    kept = {e.data["name"] for e in here.ledger.read(release_stream(release)) if e.kind == "document.kept"}
    assert kept == {"profile", "verification", "expectations"}
    here.roll_back(release)
    assert here.version() == "1.0.0"
    old = legacy_url(here.info, ENVIRONMENT)
    assert ask(old, "SELECT count(*) FROM tb_cnsl WHERE req_no IN ('before', 'after')") == 2
    assert write(here, "later") == 201
    assert ask(old, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'golive%'") == 0
    assert ask(old, "SELECT count(*) FROM pg_namespace WHERE nspname = 'golive_capture'") == 0
    assert ask(new_url(here.info, ENVIRONMENT), "SELECT to_regclass('public.consultation')") is None
