"""Effects whose workers were killed, closed by what their places say: when another release opens a stage, at night."""

import os
import signal
from urllib.parse import quote

import psycopg
import pytest

from golive.ledger.events import environment_stream
from golive.ledger.leases import current
from golive.stages import health
from golive.stages.api import open_stage, roll_back_stage
from golive.stages.effects import Effect, State
from tests.integration.stage_runs import Site, killed, stopped, wait_for
from tests.integration.test_stages_rounds import _DATABASE

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]

UNPACK, UPLOAD = "install.unpack/host:app1/api", "install.upload/host:app1/api"
DATABASE, BACKUP = "environment.databases/database:extra", "environment.backup/database:main"
MONITORING = "environment.monitoring/release"


def die(here: Site, release: str, key: str, mode: str) -> Effect:
    """A worker is killed at its step; nobody knows what became of it."""
    stage, step = key.partition("/")[0].split(".")
    run = here.until(release, stage, step)
    assert killed(here.worker(run, step, mode))
    effect = here.effect(release, key)
    assert effect.state is State.OPEN
    return effect


def another_opens(here: Site, name: str) -> None:
    """A stage of another release is opened, and given up again."""
    roll_back_stage(here.opened(here.submit(name), "environment"))


@pytest.mark.parametrize(
    ("key", "mode", "state", "detail"),
    [
        (UNPACK, "before", State.FAILED, "never started"),
        (UNPACK, "after", State.IN_FORCE, ""),
        (UPLOAD, "before", State.FAILED, "not there"),
        (UPLOAD, "during", State.FAILED, "not there"),
        (UPLOAD, "after", State.IN_FORCE, "found whole"),
        (MONITORING, "after", State.IN_FORCE, "the entry is there"),
    ],
)
def test_a_host_says_what_became_of_an_effect(here: Site, key: str, mode: str, state: State, detail: str) -> None:
    """Each is closed at the next opening of any release, and the dead one's lease stays its own."""
    release = here.submit(f"left-{key.split('/', maxsplit=1)[0].split('.')[1]}-{mode}")
    die(here, release, key, mode)
    another_opens(here, f"{release}-other")
    effect = here.effect(release, key)
    assert (effect.state, effect.detail) == (state, detail)
    lease = current(here.ledger.read(environment_stream("test")), "host:app1")
    assert lease is not None
    assert lease.holder == f"release/{release}"
    here.roll_back(release)


@pytest.mark.parametrize(
    ("mode", "state", "detail"),
    [
        ("before", State.FAILED, "its marker is not there"),
        ("during", State.FAILED, "its marker is not there"),
        ("after", State.IN_FORCE, "its marker is there"),
    ],
)
def test_a_database_says_what_became_of_an_effect(here: Site, mode: str, state: State, detail: str) -> None:
    """A database that was made and not marked is no effect, and the rollback takes it back all the same."""
    here.place("test", lambda text: text.replace("\nbalancers:", f"\n{_DATABASE}balancers:", 1))
    try:
        release = here.submit(f"left-database-{mode}")
        die(here, release, DATABASE, mode)
        assert (_is_there(here, "golive extra")) is (mode != "before")
        another_opens(here, f"{release}-other")
        effect = here.effect(release, DATABASE)
        assert (effect.state, effect.detail) == (state, detail)
        here.roll_back(release)
        assert not _is_there(here, "golive extra")
    finally:
        here.place("test")


def _is_there(here: Site, database: str) -> bool:
    with psycopg.connect(here.info.postgres.url(quote("postgres")).reveal(), connect_timeout=5) as session:
        return session.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).fetchone() is not None


def test_what_runs_is_left_to_end_and_closed_at_night(here: Site) -> None:
    """The dump goes on without its worker: not closed while it runs, closed by the night once it has ended."""
    folder = here.info.home.root
    tool = folder / "slow_pg_dump"
    real = next(
        line.split("pg_dump: ")[1].split(",")[0].rstrip("}").strip()
        for line in here.info.environments["test"].read_text().splitlines()
        if "pg_dump: " in line
    )
    tool.write_text(
        f'#!/bin/sh\ntouch {folder}/begun\nuntil [ -e {folder}/go ]; do sleep 0.1; done\nexec {real} "$@"\n'
    )
    tool.chmod(0o755)
    here.place("test", lambda text: text.replace(f"pg_dump: {real}", f"pg_dump: {tool}"))
    try:
        release = here.submit("left-running")
        run = here.until(release, "environment", "backup")
        worker = here.worker(run, "backup", "run")
        wait_for("the dump", (folder / "begun").exists)
        worker.kill()
        worker.communicate(timeout=20)
        another_opens(here, "left-running-other")
        assert here.effect(release, BACKUP).state is State.OPEN
        (folder / "go").touch()
        wait_for("its end", (here.operation(here.effect(release, BACKUP)) / "status").exists)
        facts = health.check(here.runtime("", "nightly_health"), "effects")
        assert {fact.name: str(fact.result) for fact in facts}["effects/closed"] == "pass"
        assert here.effect(release, BACKUP).state is State.IN_FORCE
        here.roll_back(release)
    finally:
        (folder / "go").touch()
        here.place("test")


def test_a_worker_that_comes_back_after_it_was_closed_is_refused(here: Site) -> None:
    """Held before its first word to the host: what was closed as never started never starts."""
    release = here.submit("left-zombie")
    run = here.until(release, "install", "unpack")
    worker = here.worker(run, "unpack", "hold")
    wait_for("the worker to hold", lambda: stopped(worker))
    another_opens(here, "left-zombie-other")
    assert here.effect(release, UNPACK).detail == "never started"
    os.kill(worker.pid, signal.SIGCONT)
    assert "token" in worker.communicate(timeout=60)[0].decode()
    assert here.effect(release, UNPACK).state is State.FAILED
    assert not list((here.host() / "components" / "api" / "releases").glob("2.0.0-*"))
    here.roll_back(release)


def test_what_a_living_run_does_is_left_to_it(here: Site) -> None:
    """As long as a run of the release goes on, neither its effects nor its leases are touched."""
    release = here.submit("left-alive")
    effect = die(here, release, UPLOAD, "before")
    other = here.runtime(here.submit("left-alive-other"), "plan", lives=lambda stage, run_id: True)
    open_stage(other)
    roll_back_stage(other)
    assert here.effect(release, UPLOAD).state is State.OPEN
    lease = current(here.ledger.read(environment_stream("test")), "host:app1")
    assert lease is not None
    assert lease.token == effect.token
    here.roll_back(release)
