"""The example runs as a host runs it, against a real database."""

import os
import signal
import socket
import subprocess
import threading

import httpx
import psycopg
import pytest

from golive.secret import Secret
from golive_stack.example import seed_database
from tests.domain.example.running import free_port, serving


@pytest.fixture(scope="module")
def seeded(postgres):
    """The address of a database that holds the example's tables."""
    url = postgres.url(postgres.create_database())
    assert seed_database(url) is True
    return url.reveal()


def test_seeding_again_changes_nothing(seeded):
    """The tables hold hundreds of rows; a second seeding finds them and says so."""
    assert seed_database(Secret(seeded)) is False
    with psycopg.connect(seeded) as connection:
        counted = connection.execute("SELECT (SELECT count(*) FROM consultation), (SELECT count(*) FROM agent)")
        assert counted.fetchone() == (400, 24)


@pytest.mark.parametrize(
    ("version", "title", "keys"),
    [
        ("1.0.0", "상담 목록", {"title", "consultations"}),
        ("2.0.0", "상담 통합 조회", {"title", "consultations", "agents"}),
    ],
)
def test_both_versions_serve_the_same_tables(version, title, keys, seeded, tmp_path):
    """Each version answers its health, its list and its page from one and the same schema."""
    with serving(tmp_path, seeded, version) as service:
        health, listed, home = (service.get(path) for path in ("/health", "/api/consultations", "/"))
        assert service.get("/secrets").status_code == 404
    assert health.status_code == 200
    assert f'"version": "{version}"' in health.text
    assert health.json() == {"status": "ok", "version": version, "environment": "시험", "database": "ok"}
    content = listed.json()
    assert (content["title"], content.keys(), len(content["consultations"])) == (title, keys, 50)
    assert "고객상담센터" in home.text
    assert f"버전 {version}" in home.text


def test_broken_health_answers_500(seeded, tmp_path):
    """The variant with a defect in its health check starts, and answers 500."""
    with serving(tmp_path, seeded, "2.0.0", "answers_500") as service:
        assert service.get("/health").status_code == 500
        assert service.get("/api/consultations").status_code == 200
        assert "signed_in_at" in service.log.read_text(encoding="utf-8")


def test_broken_pages_pass_health_and_answer_500(seeded, tmp_path):
    """The variant with a defect in its pages is healthy and fails only whoever uses it."""
    with serving(tmp_path, seeded, "2.0.0", "pages_500") as service:
        answers = [service.get(path).status_code for path in ("/health", "/", "/api/consultations")]
    assert answers == [200, 500, 500]


def test_without_a_database_health_says_503(tmp_path):
    """An unreachable database is told as such, and the service goes on."""
    nowhere = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nowhere"
    with serving(tmp_path, nowhere, "2.0.0") as service:
        health = service.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert service.get("/api/consultations").status_code == 503


def test_stop_finishes_the_request_in_flight(seeded, tmp_path):
    """SIGTERM during a request that waits for the database: the request is answered, then the process ends with 0."""
    answers: list[httpx.Response] = []
    with serving(tmp_path, seeded, "2.0.0") as service, psycopg.connect(seeded) as blocker:
        blocker.execute("LOCK TABLE consultation")
        request = threading.Thread(target=lambda: answers.append(service.get("/api/consultations")))
        request.start()
        wait_for_waiting_query(seeded)
        os.kill(service.process.pid, signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            service.process.wait(timeout=0.3)
        blocker.rollback()
        request.join(timeout=10)
        assert service.process.wait(timeout=5) == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", service.port)) != 0
    assert [answer.status_code for answer in answers] == [200]


def wait_for_waiting_query(database):
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM consultation%'"
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(200):
            if connection.execute(query).fetchone():
                return
            connection.execute("SELECT pg_sleep(0.02)")
    pytest.fail("the request never reached the database")
