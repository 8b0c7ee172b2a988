"""The whole embedded stack with Airflow: its people, their rights, and a scheduler that dies."""

import os
import signal
import time

import httpx
import psutil
import pytest

from golive_stack import lifecycle, processes
from golive_stack.info import Info, info
from tests.live import Live

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def silent(_line: str) -> None:
    return None


@pytest.fixture
def at(stack: Live) -> Info:
    """Everything that ``golive up`` starts: the stack of the other tests."""
    return stack.info


def enter(at: Info, name: str) -> httpx.Client:
    """The page's API as one of the people."""
    login = {"username": name, "password": at.person(name).password.reveal()}
    token = httpx.post(f"{at.page}/auth/token", json=login, timeout=60).raise_for_status().json()["access_token"]
    return httpx.Client(base_url=f"{at.page}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_every_person_signs_in_and_a_stranger_does_not(at: Info) -> None:
    """The printed passwords are the ones that work; a wrong one is refused."""
    for person in at.people:
        with enter(at, person.name) as api:
            assert api.get("/dags").status_code == 200
    login = {"username": "admin", "password": "admin"}
    assert httpx.post(f"{at.page}/auth/token", json=login, timeout=60).status_code == 401
    assert httpx.get(f"{at.page}/api/v2/dags", timeout=60).status_code == 401


def test_roles_may_do_what_they_are_for(at: Info) -> None:
    """Only the administrator reads connections; an executive and an approver start nothing."""
    statuses = {}
    for name in ("admin", "kim.release", "park.infra", "seo.executive"):
        with enter(at, name) as api:
            trigger = api.post("/dags/no_such_dag/dagRuns", json={"logical_date": None})
            statuses[name] = (api.get("/connections").status_code, trigger.status_code)
    assert statuses == {
        "admin": (200, 404),
        "kim.release": (403, 404),
        "park.infra": (403, 403),
        "seo.executive": (403, 403),
    }


def test_connections_are_those_of_the_environment_files(at: Info) -> None:
    """What the files name is there, with the credentials hidden from the page."""
    with enter(at, "admin") as api:
        rows = {row["connection_id"]: row for row in api.get("/connections").json()["connections"]}
    hosts = {f"golive_production_{name}" for name in ("app1", "app2", "app3", "lb1")} | {"golive_test_app1"}
    databases = {f"golive_{environment}_{role}" for environment in ("test", "production") for role in ("main", "admin")}
    assert set(rows) == hosts | databases | {"golive_ledger", "golive_slack"}
    assert "PRIVATE KEY" not in str(rows)
    assert at.slack_token.reveal() not in str(rows)


def test_a_killed_scheduler_comes_back(at: Info) -> None:
    """``restart`` gives the scheduler a new life; the other processes stay as they are."""
    before = info(at.home).processes
    os.kill(before["scheduler"], signal.SIGKILL)
    began = time.monotonic()
    lifecycle.restart(at.home, "scheduler", silent)
    after = info(at.home).processes
    assert after.pop("scheduler") != before.pop("scheduler")
    assert after == before
    assert time.monotonic() - began < 100


def test_nobody_listens_beyond_this_machine(at: Info) -> None:
    """Every port of the stack's processes is bound to the loopback."""
    family = {p.pid for p in processes.sweep(at.home)} | set(info(at.home).processes.values())
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid in family]
    assert listening
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
