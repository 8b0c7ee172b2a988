"""Passes that die, wait, or meet an application; and one that never stops writing."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from golive.migration.capture import begin_capture, end_capture
from golive.migration.control import raise_fence
from golive.migration.endpoint import Endpoint
from golive.migration.errors import StaleMigration
from golive.migration.passes import run_pass
from golive.migration.settings import Migration
from tests.domain.conftest import Postgres
from tests.migration.checker import wrong
from tests.migration.processes import WAIT_SECONDS, worker, writer
from tests.migration.shop import load, shop, write
from tests.migration.test_passes import ASIDE, CUSTOMERS, ORDERS

PLACES = {
    "while rows are copied": "golive.migration.staging:copy_rows",
    "before the target's commit": "golive.migration.passes:check_fence",
    "between the commits": "golive.migration.unit_sql:consume",
    "after both": "golive.migration.passes:PassReport",
}
LOG = {"between the log and its release": "golive.migration.passes:done"}
CHANGES = (
    "UPDATE cust SET no = no + 1000 WHERE no % 7 = 0",
    "DELETE FROM cust WHERE no % 5 = 0",
    "INSERT INTO cust SELECT n, 'x', NULL, 'A' FROM generate_series(2000, 2100) n",
)


@pytest.fixture(params=["triggers", "pgoutput"])
def migration(source: Endpoint, target: Endpoint, request: pytest.FixtureRequest) -> Iterator[Migration]:
    migration = shop(source, target, request.param)
    write(source, CUSTOMERS, ORDERS)
    begin_capture(migration)
    load(migration)
    write(source, *CHANGES)
    yield migration
    end_capture(migration)


@pytest.mark.parametrize("place", [*PLACES.values(), *LOG.values()], ids=[*PLACES, *LOG])
def test_a_pass_that_is_killed_is_done_again(migration: Migration, place: str) -> None:
    """Wherever it dies, the next pass ends where it would have: nothing is missing, nothing is there twice."""
    if place in LOG.values() and migration.capture == "triggers":
        pytest.skip("triggers have no log")
    process = worker(migration, at=place)
    process.communicate("", WAIT_SECONDS)
    assert process.returncode == -signal.SIGKILL
    write(migration.source, "UPDATE cust SET nm = 'meanwhile' WHERE no = 1", "DELETE FROM cust WHERE no = 2")
    run_pass(migration)
    assert wrong(migration.source, migration.target) == {}
    assert run_pass(migration).changes == 0


def test_an_overtaken_worker_changes_nothing(migration: Migration) -> None:
    """A pass under a lower token ends without a trace: no row, no key, no trigger of the target is another."""
    with migration.target.session("test") as session:
        raise_fence(session, 7)
        with pytest.raises(StaleMigration):
            run_pass(migration)
        held = session.execute("SELECT count(*) FROM golive_migration.held").fetchone()
        passes = session.execute("SELECT count(*) FROM golive_migration.pass").fetchone()
    assert (held, passes) == ((0,), (0,))
    run_pass(replace(migration, token=7))
    assert wrong(migration.source, migration.target) == {}


def test_a_server_that_restarts_costs_one_pass(migration: Migration, postgres: Postgres) -> None:
    """A pass whose servers go away fails, and is done again when they are back."""
    process = worker(migration, at=PLACES["before the target's commit"], how="wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    postgres.stop(signal.SIGQUIT)
    postgres.start()
    output, _ = process.communicate("go\n", WAIT_SECONDS)
    assert process.returncode == 4, output
    run_pass(migration)
    assert wrong(migration.source, migration.target) == {}


def test_a_row_that_an_application_holds_is_waited_for(migration: Migration) -> None:
    """A lock on the target that lasts longer than a statement waits for it costs a repetition."""
    with migration.target.session("application") as session, session.transaction():
        session.execute("SELECT FROM public.customer WHERE customer_id = 7 FOR UPDATE")
        thread = threading.Thread(target=run_pass, args=(migration,))
        thread.start()
        time.sleep(7)
        assert thread.is_alive()
    thread.join(WAIT_SECONDS)
    assert wrong(migration.source, migration.target) == {}


def test_a_deadlock_is_ours_to_give_way(migration: Migration) -> None:
    """The pass gives way and is repeated; the application's transaction goes through."""
    with migration.target.session("application") as session, session.transaction():
        session.execute("SELECT FROM public.purchase WHERE purchase_id = 4 FOR UPDATE")
        thread = threading.Thread(target=run_pass, args=(migration,))
        thread.start()
        _wait_for_a_lock(migration.target)
        session.execute("SELECT FROM public.customer WHERE customer_id = 5 FOR UPDATE")
    thread.join(WAIT_SECONDS)
    assert wrong(migration.source, migration.target) == {}


def test_an_application_that_never_stops_writing(source: Endpoint, target: Endpoint, capture: str) -> None:
    """Load, settle and passes that are killed at random, under random writes: at the end not one row is wrong."""
    migration = shop(source, target, "pgoutput" if capture == "pgoutput" else "triggers")
    write(source, CUSTOMERS, ORDERS)
    write(target, *ASIDE)
    chance = random.Random(7)
    begin_capture(migration)
    with writer(source, 1, 50), writer(source, 2, 50):
        _load_in_pieces(migration)
        _killed(migration, chance, "settle", 3)
        run_pass(migration, "settle")
        write(target, *BUILT)
        _killed(migration, chance, "pass", 8)
        run_pass(migration)
    run_pass(migration)
    assert wrong(source, target) == {}
    end_capture(migration)


BUILT = (
    "ALTER TABLE customer ADD PRIMARY KEY (customer_id), ADD UNIQUE (email)",
    "ALTER TABLE purchase ADD PRIMARY KEY (purchase_id)",
    "ALTER TABLE purchase ADD FOREIGN KEY (customer_id) REFERENCES customer ON DELETE CASCADE",
    "ALTER TABLE total ADD PRIMARY KEY (customer_id), ADD FOREIGN KEY (customer_id) REFERENCES customer",
)


@pytest.fixture(params=["triggers", "pgoutput"])
def capture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _load_in_pieces(migration: Migration) -> None:
    """Each piece in a snapshot of its own, with time between them."""
    for flow in migration.flows:
        for piece in range(4):
            with migration.source.session("load") as old, migration.target.session("load") as new:
                key = next(column.expression for column in flow.columns if column.name == flow.key[0])
                rows = old.execute(flow.select(f"abs(({key}) % 4) = {piece}").encode()).fetchall()
                values = ", ".join(["%s"] * len(flow.columns))
                with new.cursor() as cursor:
                    cursor.executemany(f"INSERT INTO {flow.target.sql} VALUES ({values})".encode(), rows)
            time.sleep(0.3)


def _killed(migration: Migration, chance: random.Random, kind: str, times: int) -> None:
    for _ in range(times):
        process = worker(migration, kind)
        time.sleep(chance.uniform(0.5, 2.5))
        process.kill()
        process.communicate("", WAIT_SECONDS)


def _wait_for_a_lock(endpoint: Endpoint) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with endpoint.session("test") as session:
        while time.monotonic() < deadline:
            found = session.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            if found and found[0]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits for a lock")
