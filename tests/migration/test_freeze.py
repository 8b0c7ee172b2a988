"""The freeze refuses every write, whoever asks, and gives them back."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from golive.migration.capture import begin_capture, end_capture
from golive.migration.endpoint import Endpoint
from golive.migration.errors import FreezeFailed, StaleMigration
from golive.migration.freeze import freeze, is_frozen, pass_freeze, thaw
from golive.migration.freeze_sql import REFUSED
from golive.migration.settings import Migration
from tests.migration.owners import role
from tests.migration.shop import shop, write

WRITES = {
    "insert": "INSERT INTO shop.cust VALUES (1, 'x')",
    "insert of nothing": "INSERT INTO shop.cust SELECT 1, 'x' WHERE false",
    "update": "UPDATE shop.cust SET nm = 'x'",
    "delete": "DELETE FROM shop.ord",
    "truncate": "TRUNCATE shop.cust CASCADE",
    "merge": "MERGE INTO shop.cust c USING (VALUES (1)) v (no) ON c.no = v.no WHEN MATCHED THEN DELETE",
    "copy": "COPY shop.cust (no, nm) FROM STDIN",
    "as a replica": "SET session_replication_role = replica; UPDATE shop.cust SET nm = 'x'",
    "with a token that is wrong": "SET golive.pass = 'x'; UPDATE shop.cust SET nm = 'x'",
    "into a partition": "INSERT INTO shop.part_1 VALUES (1)",
    "into a partition made later": "INSERT INTO shop.part_2 VALUES (11)",
    "into a child": "INSERT INTO shop.child VALUES (1)",
}


@pytest.fixture
def migration(source: Endpoint, target: Endpoint) -> Iterator[Migration]:
    """A shop with a partitioned table and one that others inherit from."""
    migration = shop(source, target)
    write(
        source,
        "CREATE TABLE shop.part (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE shop.part_1 PARTITION OF shop.part FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE shop.parent (id integer PRIMARY KEY)",
        "CREATE TABLE shop.child () INHERITS (shop.parent)",
    )
    flow = migration.flows[1]
    names = (replace(flow.sources[0].table, name="part"), replace(flow.sources[0].table, name="parent"))
    more = tuple(replace(flow.sources[0], table=name) for name in names)
    migration = replace(migration, flows=(*migration.flows, replace(flow, name="more", sources=more)))
    begin_capture(migration)
    yield migration
    end_capture(migration)


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES.keys())
def test_every_write_is_refused_and_then_taken_again(migration: Migration, statement: str) -> None:
    """Also for the owner, a superuser and a replica; what was refused is taken again after the thaw."""
    freeze(migration, 20)
    write(migration.source, "CREATE TABLE shop.part_2 PARTITION OF shop.part FOR VALUES FROM (10) TO (20)")
    assert _attempt(migration.source, statement) == REFUSED
    assert is_frozen(migration)
    thaw(migration)
    assert not is_frozen(migration)
    assert _attempt(migration.source, statement) is None


def test_readers_never_notice(migration: Migration) -> None:
    """Neither the freeze nor the thaw waits for a reader, and a reader for none of them."""
    with migration.source.session("reader") as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM shop.cust, shop.ord")
        freeze(migration, 5)
        reader.execute("SELECT count(*) FROM shop.cust, shop.ord")
        thaw(migration, 5)


def test_a_transaction_that_began_before_cannot_write_after(migration: Migration) -> None:
    """A snapshot that is older than the freeze does not get past it."""
    with migration.source.session("old") as session, session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT count(*) FROM shop.grade")
        freeze(migration, 20)
        with pytest.raises(psycopg.Error) as caught, session.transaction():
            session.execute("INSERT INTO shop.cust VALUES (1, 'x')")
        assert caught.value.sqlstate == REFUSED


def test_a_writer_in_a_long_transaction_is_not_stalled_and_wins(migration: Migration) -> None:
    """The freeze gives up in time, other writers waited only moments meanwhile, and writes go on."""
    waits: list[float] = []
    stop = threading.Event()

    def others() -> None:
        number = 100
        with migration.source.session("other") as session:
            while not stop.is_set():
                number += 1
                began = time.monotonic()
                session.execute("INSERT INTO shop.cust VALUES (%s, 'x')", (number,))
                waits.append(time.monotonic() - began)

    with migration.source.session("long") as session, session.transaction():
        session.execute("INSERT INTO shop.cust VALUES (1, 'x')")
        thread = threading.Thread(target=others)
        thread.start()
        with pytest.raises(FreezeFailed):
            freeze(migration, 3)
        stop.set()
        thread.join()
    assert max(waits) < 1.5
    assert not is_frozen(migration)
    assert _attempt(migration.source, WRITES["update"]) is None


def test_nobody_waits_behind_a_freeze_that_waits_for_a_vacuum(migration: Migration) -> None:
    """What only conflicts with maintenance is waited for in a mode that no writer conflicts with."""
    with migration.source.session("vacuum") as session, session.transaction():
        session.execute("LOCK TABLE shop.cust IN SHARE UPDATE EXCLUSIVE MODE")
        thread = threading.Thread(target=_fails, args=(migration,))
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        assert _attempt(migration.source, WRITES["update"]) is None
        assert time.monotonic() - began < 1
        thread.join()


def test_the_application_needs_no_right_of_ours(migration: Migration) -> None:
    """A role that may only write to the shop writes before, is refused in between, and cannot read our schema."""
    with role(migration.source) as application:
        write(
            migration.source,
            f"GRANT USAGE ON SCHEMA shop TO {application.user}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA shop TO {application.user}",
        )
        assert _attempt(application, WRITES["insert"]) is None
        assert _attempt(application, "SELECT FROM golive_capture.freeze") == "42501"
        freeze(migration, 20)
        assert _attempt(application, WRITES["delete"]) == REFUSED


def test_our_own_sessions_pass(migration: Migration) -> None:
    """A session that knows the secret writes into closed tables, row by row too."""
    freeze(migration, 20)
    with migration.source.session("ours") as session:
        pass_freeze(session)
        session.execute("INSERT INTO shop.cust VALUES (1, 'x')")
        session.execute("UPDATE shop.cust SET nm = 'y'")
        session.execute("DELETE FROM shop.cust WHERE no = 1")
        row = session.execute("SELECT count(*) FROM shop.cust").fetchone()
    assert row == (0,)


def test_an_overtaken_worker_neither_thaws_nor_freezes(migration: Migration) -> None:
    """Who holds a lower token than the freeze leaves it as it is."""
    freeze(replace(migration, token=5), 20)
    with pytest.raises(StaleMigration):
        thaw(replace(migration, token=4))
    with pytest.raises(StaleMigration):
        freeze(replace(migration, token=4), 20)
    assert is_frozen(migration)
    thaw(replace(migration, token=6))
    assert not is_frozen(migration)


def _fails(migration: Migration) -> None:
    with pytest.raises(FreezeFailed):
        freeze(migration, 2)


def _attempt(endpoint: Endpoint, statement: str) -> str | None:
    """The SQLSTATE with which a statement fails, as an application of its own."""
    with psycopg.connect(
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password.reveal() if endpoint.password else None,
        dbname=endpoint.database,
        autocommit=True,
        connect_timeout=5,
    ) as session:
        try:
            if statement.startswith("COPY"):
                with session.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                    copy.write("5\tx\n")
            else:
                session.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate
    return None
