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
from golive_stack.example import EXAMPLE, seed_database
from tests.domain.example.running import free_port, serving

NEW_ROWS = """
INSERT INTO team VALUES (1, '상담1팀');
INSERT INTO agent SELECT n, '상담원' || n, 1, (7000 + n)::text, '대기' FROM generate_series(1, 5) AS n;
INSERT INTO customer SELECT n, '김고객' || n, '일반' FROM generate_series(1, 50) AS n;
INSERT INTO consultation (customer_id, agent_id, channel, topic, status, received_at)
SELECT n, 1 + n % 5, '전화', '요금 문의', '처리중', now() FROM generate_series(1, 50) AS n;
"""


@pytest.fixture(scope="module")
def old(postgres):
    """The address of a database that holds the old system's tables."""
    url = postgres.url(postgres.create_database())
    assert seed_database(url, 50) is True
    return url.reveal()


@pytest.fixture(scope="module")
def seeded(postgres):
    """The address of a database with the new schema, made by its scripts, and some rows."""
    url = postgres.url(postgres.create_database())
    with psycopg.connect(url.reveal()) as connection:
        for script in sorted((EXAMPLE / "migration").glob("*.up.sql")):
            connection.execute(script.read_bytes())
        connection.execute(NEW_ROWS.encode())
    return url.reveal()


def test_seeding_again_changes_nothing(old):
    """The old tables hold rows in proportion; a second seeding finds them and says so."""
    assert seed_database(Secret(old), 50) is False
    with psycopg.connect(old) as connection:
        counted = connection.execute("SELECT (SELECT count(*) FROM tb_cnsl), (SELECT count(*) FROM tb_emp)")
        assert counted.fetchone() == (150, 120)


@pytest.mark.parametrize(
    ("version", "tables", "title", "keys"),
    [
        ("1.0.0", "old", "상담 목록", {"title", "consultations"}),
        ("2.0.0", "seeded", "상담 통합 조회", {"title", "consultations", "agents"}),
    ],
)
def test_each_version_serves_its_own_tables(version, tables, title, keys, tmp_path, request):
    """Each version answers its health, its list and its page from its schema."""
    with serving(tmp_path, request.getfixturevalue(tables), version) as service:
        health, listed, home = (service.get(path) for path in ("/health", "/api/consultations", "/"))
        assert service.get("/secrets").status_code == 404
    assert health.status_code == 200
    assert f'"version": "{version}"' in health.text
    assert health.json() == {"status": "ok", "version": version, "environment": "시험", "database": "ok"}
    content = listed.json()
    assert (content["title"], content.keys(), len(content["consultations"])) == (title, keys, 50)
    assert "고객상담센터" in home.text
    assert f"버전 {version}" in home.text


RECEIVED = {"request": "r-1", "customer": 7, "channel": "채팅", "topic": "환불 요청", "memo": "조건을 확인함"}
COUNTS = {
    "old": "SELECT count(*) FROM tb_cnsl JOIN tb_cnsl_memo USING (cnsl_no) JOIN tb_cnsl_hist USING (cnsl_no)"
    " WHERE req_no = 'r-1' AND memo_txt = '조건을 확인함'",
    "seeded": "SELECT count(*) FROM consultation c JOIN consultation_event e ON e.consultation_id = c.id"
    " WHERE request = 'r-1' AND summary = '조건을 확인함'",
}


@pytest.mark.parametrize(("version", "tables"), [("1.0.0", "old"), ("2.0.0", "seeded")])
def test_a_repeated_request_is_one_consultation(version, tables, tmp_path, request):
    """What is sent twice is received once, under the same number; what is no request is refused."""
    database = request.getfixturevalue(tables)
    with serving(tmp_path, database, version) as service:
        first, again = (service.post("/api/consultations", RECEIVED) for _ in range(2))
        wrong = service.post("/api/consultations", {"request": "r-2"})
        nowhere = service.post("/api/nothing", RECEIVED)
    assert (first.status_code, again.json()) == (201, first.json())
    assert (wrong.status_code, nowhere.status_code) == (400, 404)
    with psycopg.connect(database) as connection:
        assert connection.execute(COUNTS[tables]).fetchone() == (1,)


def test_a_write_that_the_database_refuses_is_told_as_such(seeded, tmp_path):
    """While writes are refused the service answers 503 to them and goes on serving pages."""
    refuse = (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON consultation FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
    with psycopg.connect(seeded, autocommit=True) as connection, serving(tmp_path, seeded, "2.0.0") as service:
        connection.execute(refuse)
        answer = service.post("/api/consultations", {**RECEIVED, "request": "r-3"})
        connection.execute("DROP FUNCTION refuse CASCADE")
        assert (answer.status_code, answer.json()["status"]) == (503, "refused")
        assert service.get("/api/consultations").status_code == 200


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
