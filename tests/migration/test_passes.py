"""Passes: whatever happens on the source, the target is the source as of a moment."""

from typing import Any

import pytest

from golive.migration import passes
from golive.migration.capture import begin_capture, end_capture, relieve
from golive.migration.capture.log_setup import slot_name
from golive.migration.endpoint import Endpoint
from golive.migration.errors import NotReady, ServerFailed
from golive.migration.passes import run_pass
from golive.migration.settings import Capture, Migration
from tests.migration.shop import differences, load, shop, write

CUSTOMERS = (
    "INSERT INTO cust SELECT n, 'name ' || n, 'm' || n, CASE n % 2 WHEN 0 THEN 'A' END FROM generate_series(1, 50) n"
)
ORDERS = "INSERT INTO ord SELECT n, 1 + n % 50, n FROM generate_series(1, 200) n"


@pytest.fixture(params=["triggers", "pgoutput"])
def migration(source: Endpoint, target: Endpoint, request: pytest.FixtureRequest) -> Migration:
    """The shop, full, with its changes captured in each way."""
    migration = shop(source, target, request.param)
    write(source, CUSTOMERS, ORDERS)
    begin_capture(migration)
    load(migration)
    return migration


CHANGES = {
    "insert": ("INSERT INTO cust VALUES (900, '김', 'k', 'B')", "INSERT INTO ord VALUES (900, 900, 1.50)"),
    "update": ("UPDATE cust SET nm = ' 이 ' WHERE no < 5", "UPDATE ord SET amount = amount + 1 WHERE id < 20"),
    "key changed, by cascade too": ("UPDATE cust SET no = no + 1000 WHERE no IN (3, 4)",),
    "delete with a cascade": ("DELETE FROM cust WHERE no = 7",),
    "row leaves the filter": ("UPDATE ord SET amount = -1 WHERE id = 9",),
    "row enters the filter": ("INSERT INTO ord VALUES (901, 5, -1)", "UPDATE ord SET amount = 2 WHERE id = 901"),
    "lookup": ("UPDATE grade SET label = '최우수' WHERE code = 'A'",),
    "truncate": ("TRUNCATE ord",),
    "truncate of all": ("TRUNCATE cust CASCADE",),
    "moves to another unit": ("UPDATE ord SET cust_no = 2 WHERE cust_no = 1", "DELETE FROM cust WHERE no = 1"),
    "unique values exchanged": (
        "UPDATE cust SET email = 'x' WHERE no = 1",
        "UPDATE cust SET email = 'm1' WHERE no = 2",
        "UPDATE cust SET email = 'm2' WHERE no = 1",
    ),
    "unique value of a deleted row": ("DELETE FROM cust WHERE no = 8", "UPDATE cust SET email = 'm8' WHERE no = 9"),
    "numeric scale": ("UPDATE ord SET amount = 1.50 WHERE id = 3", "UPDATE ord SET amount = 1.500 WHERE id = 3"),
    "as a replica": ("SET LOCAL session_replication_role = replica", "UPDATE cust SET nm = 'r' WHERE no = 5"),
    "deleted and back": ("DELETE FROM cust WHERE no = 11", "INSERT INTO cust VALUES (11, 'again', 'm11', NULL)"),
}


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES.keys())
def test_a_pass_makes_the_target_the_mapped_source(migration: Migration, statements: tuple[str, ...]) -> None:
    """Whatever one transaction did, after a pass both sides are the same and nothing is left to copy."""
    run_pass(migration)
    write(migration.source, *statements)
    assert differences(migration) != {}
    report = run_pass(migration)
    assert differences(migration) == {}
    assert report.number == 2
    assert report.changes > 0
    assert run_pass(migration).changes == 0


def test_only_what_differs_is_written(migration: Migration) -> None:
    """A unit that was touched and is the same is read and not written; the next pass has nothing to do."""
    write(migration.source, "UPDATE cust SET nm = nm", "UPDATE cust SET nm = 'other' WHERE no = 1")
    first = run_pass(migration)
    second = run_pass(migration)
    assert (first.units, first.rows, first.touched) == (50, 50, 1)
    assert (second.changes, second.units, second.rows, second.touched) == (0, 0, 0, 0)


ASIDE = (
    "ALTER TABLE total DROP CONSTRAINT total_customer_id_fkey, DROP CONSTRAINT total_pkey",
    "ALTER TABLE purchase DROP CONSTRAINT purchase_customer_id_fkey, DROP CONSTRAINT purchase_pkey",
    "ALTER TABLE customer DROP CONSTRAINT customer_pkey, DROP CONSTRAINT customer_email_key",
)


def test_settle_heals_what_chunks_saw_at_different_moments(source: Endpoint, target: Endpoint) -> None:
    """Rows that are there twice or not at all before the keys exist are put right, and no others are touched."""
    migration = shop(source, target)
    begin_capture(migration)
    write(source, CUSTOMERS, ORDERS)
    load(migration)
    write(target, *ASIDE, "INSERT INTO total VALUES (1, 99, 99)", "DELETE FROM purchase WHERE purchase_id = 3")
    report = run_pass(migration, "settle")
    assert differences(migration) == {}
    assert report.left == 0


def test_what_commits_just_before_the_snapshot_is_copied_whole(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that the snapshot shows and that was not known a moment before is not copied by halves."""
    write(migration.source, "UPDATE ord SET amount = 5 WHERE id = 1")
    advance = passes.advance

    def late(*values: Any) -> None:
        advance(*values)
        if not written:
            written.append(1)
            write(
                migration.source,
                "INSERT INTO cust VALUES (900, 'late', NULL, NULL)",
                "UPDATE ord SET cust_no = 900 WHERE id = 1",
            )

    written: list[int] = []
    monkeypatch.setattr(passes, "advance", late)
    run_pass(migration)
    assert written
    assert differences(migration) == {}


def test_the_log_can_be_relieved_without_a_pass(source: Endpoint, target: Endpoint) -> None:
    """What the server need not keep any more is known to the next pass, of transactions large and small."""
    migration = shop(source, target, "pgoutput")
    begin_capture(migration)
    write(source, CUSTOMERS, ORDERS, *(f"UPDATE cust SET nm = 'x{n}' WHERE no = {n}" for n in range(20)))
    with source.session("test") as session:
        kept = f"SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{slot_name(migration)}'"
        before = session.execute(kept.encode()).fetchone()
        relieve(migration)
        relieve(migration)
        assert before != session.execute(kept.encode()).fetchone()
        found = session.execute("SELECT count(*) FROM golive_capture.change WHERE xid IS NOT NULL").fetchone()
    assert found == (50 + 2 * 200 + 19,)
    write(source, "DELETE FROM ord WHERE id < 10")
    assert run_pass(migration).changes == 50 + 2 * 200 + 19 + 2 * 9
    assert differences(migration) == {}
    end_capture(migration)


def test_no_pass_without_a_capture(source: Endpoint, target: Endpoint) -> None:
    """A pass that would find nothing because nobody looked is refused."""
    with pytest.raises(NotReady):
        run_pass(shop(source, target))


def test_a_row_that_the_target_refuses_is_an_error_and_not_a_loss(migration: Migration) -> None:
    """A refused row stops the pass; the target stays as it was and the changes stay known."""
    write(migration.target, "ALTER TABLE total ADD CHECK (purchases < 1000)")
    before = run_pass(migration)
    write(migration.source, "INSERT INTO ord SELECT n, 1, 1 FROM generate_series(1000, 3000) n")
    with pytest.raises(ServerFailed):
        run_pass(migration)
    write(migration.source, "DELETE FROM ord WHERE id >= 1000")
    after = run_pass(migration)
    assert after.number == before.number + 1
    assert differences(migration) == {}


@pytest.mark.parametrize("capture", ["triggers", "pgoutput"])
def test_the_source_is_left_as_it_was(source: Endpoint, target: Endpoint, capture: Capture) -> None:
    """Capture begins and ends any number of times, and leaves nothing behind."""
    migration = shop(source, target, capture)
    before = _objects(source)
    begin_capture(migration)
    begin_capture(migration)
    assert _objects(source) != before
    end_capture(migration)
    end_capture(migration)
    assert _objects(source) == before


def _objects(endpoint: Endpoint) -> list[tuple[object, ...]]:
    with endpoint.session("test") as session:
        return session.execute(
            "SELECT 'trigger', tgname::text FROM pg_trigger WHERE NOT tgisinternal"
            " UNION ALL SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'"
            " UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE oid > 16384"
            " UNION ALL SELECT 'identity', relname::text || relreplident::text FROM pg_class WHERE oid > 16384"
            " UNION ALL SELECT 'publication', pubname FROM pg_publication"
            " UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE database = current_database()"
            " ORDER BY 1, 2"
        ).fetchall()
