"""The whole embedded stack with Airflow: its people, their rights, and a scheduler that dies."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from golive_stack import lifecycle, processes
from golive_stack.home import Home
from golive_stack.info import Info, info

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def silent(_line: str) -> None:
    return None


@pytest.fixture(scope="module")
def stack() -> Iterator[Info]:
    """Everything that ``golive up`` starts."""
    # Not under pytest's private folders: as root, PostgreSQL runs as another user.
    with tempfile.TemporaryDirectory(prefix="golive-stack-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "home")
        try:
            yield lifecycle.up(home, silent)
        finally:
            lifecycle.down(home, silent)
        assert processes.sweep(home) == []


def enter(stack: Info, name: str) -> httpx.Client:
    """The page's API as one of the people."""
    login = {"username": name, "password": stack.person(name).password.reveal()}
    token = httpx.post(f"{stack.page}/auth/token", json=login, timeout=60).raise_for_status().json()["access_token"]
    return httpx.Client(base_url=f"{stack.page}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_every_person_signs_in_and_a_stranger_does_not(stack: Info) -> None:
    """The printed passwords are the ones that work; a wrong one is refused."""
    for person in stack.people:
        with enter(stack, person.name) as api:
            assert api.get("/dags").status_code == 200
    login = {"username": "admin", "password": "admin"}
    assert httpx.post(f"{stack.page}/auth/token", json=login, timeout=60).status_code == 401
    assert httpx.get(f"{stack.page}/api/v2/dags", timeout=60).status_code == 401


def test_roles_may_do_what_they_are_for(stack: Info) -> None:
    """Only the administrator reads connections; an executive and an approver start nothing."""
    statuses = {}
    for name in ("admin", "kim.release", "park.infra", "seo.executive"):
        with enter(stack, name) as api:
            trigger = api.post("/dags/no_such_dag/dagRuns", json={"logical_date": None})
            statuses[name] = (api.get("/connections").status_code, trigger.status_code)
    assert statuses == {
        "admin": (200, 404),
        "kim.release": (403, 404),
        "park.infra": (403, 403),
        "seo.executive": (403, 403),
    }


def test_connections_are_those_of_the_environment_files(stack: Info) -> None:
    """What the files name is there, with the credentials hidden from the page."""
    with enter(stack, "admin") as api:
        rows = {row["connection_id"]: row for row in api.get("/connections").json()["connections"]}
    hosts = {f"golive_production_{name}" for name in ("app1", "app2", "app3", "lb1")} | {"golive_test_app1"}
    databases = {f"golive_{environment}_{role}" for environment in ("test", "production") for role in ("main", "admin")}
    assert set(rows) == hosts | databases | {"golive_ledger", "golive_slack"}
    assert "PRIVATE KEY" not in str(rows)
    assert stack.slack_token.reveal() not in str(rows)


def test_a_killed_scheduler_comes_back(stack: Info) -> None:
    """``restart`` gives the scheduler a new life; the other processes stay as they are."""
    before = info(stack.home).processes
    os.kill(before["scheduler"], signal.SIGKILL)
    began = time.monotonic()
    lifecycle.restart(stack.home, "scheduler", silent)
    after = info(stack.home).processes
    assert after.pop("scheduler") != before.pop("scheduler")
    assert after == before
    assert time.monotonic() - began < 100


def test_nobody_listens_beyond_this_machine(stack: Info) -> None:
    """Every port of the stack's processes is bound to the loopback."""
    import psutil

    family = {p.pid for p in processes.sweep(stack.home)} | set(info(stack.home).processes.values())
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid in family]
    assert listening
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
