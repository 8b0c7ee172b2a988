"""The final synchronisation, and the way back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from golive.migration import final
from golive.migration.capture import begin_capture, end_capture
from golive.migration.catch_up import catch_up
from golive.migration.endpoint import Endpoint
from golive.migration.errors import FreezeFailed, HandedOver, NotReady, RowsDiffer, ServerUnreachable
from golive.migration.final import final_sync
from golive.migration.flowback import backlog, begin_flow_back, come_back, end_flow_back, flow_back_pass
from golive.migration.freeze import is_frozen
from golive.migration.passes import run_pass
from golive.migration.recheck import ChangedUnits
from golive.migration.settings import Capture, Migration
from golive.migration.statements import Session
from tests.migration.owners import owner
from tests.migration.shop import BACK, differences, load, shop, write
from tests.migration.test_passes import CUSTOMERS, ORDERS

NOTE = """
CREATE TABLE {0}.fired (what text);
CREATE FUNCTION {0}.note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO {0}.fired VALUES (TG_OP); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON {1} EXECUTE FUNCTION {0}.note();
ALTER TABLE {1} ENABLE ALWAYS TRIGGER noted;
"""


@pytest.fixture(params=["triggers", "pgoutput"])
def capture(request: pytest.FixtureRequest) -> Capture:
    return "pgoutput" if request.param == "pgoutput" else "triggers"


@pytest.fixture
def migration(source: Endpoint, target: Endpoint, capture: Capture) -> Iterator[Migration]:
    """The shop between two owners who are no superusers, loaded, verified once, and changed since."""
    with ExitStack() as stack:
        options = () if capture == "triggers" else ("REPLICATION",)
        old, new = stack.enter_context(owner(source, *options)), stack.enter_context(owner(target, *options))
        migration = shop(old, new, capture)
        write(old, CUSTOMERS, ORDERS)
        begin_capture(migration)
        load(migration)
        write(new, NOTE.format("public", "public.purchase"))
        catch_up(migration, 5)
        run_pass(migration, "verify")
        write(old, "UPDATE cust SET nm = 'changed' WHERE no <= 10", "DELETE FROM ord WHERE id = 7")
        yield migration
        end_capture(migration)


def _trust(_found: tuple[ChangedUnits, ...], _source: Session, _target: Session) -> None:
    """Looks at nothing."""


def _never(_found: tuple[ChangedUnits, ...], _source: Session, _target: Session) -> None:
    raise AssertionError("there is nothing to look at")


def verify_as_text(found: tuple[ChangedUnits, ...], source: Session, target: Session) -> None:
    """Compares the rows of the changed units, as text."""
    for changed in found:
        columns = tuple(replace(column, wire="text") for column in changed.flow.columns)
        wanted = replace(changed.flow, columns=columns).select(changed.source_condition)
        names = ", ".join(f't."{name}"::text' for name in changed.flow.names)
        condition = f" WHERE {changed.target_condition}" if changed.target_condition else ""
        old = set(source.execute(wanted.encode()).fetchall())
        new = set(target.execute(f"SELECT {names} FROM {changed.flow.target.sql} t{condition}".encode()).fetchall())
        if old != new:
            raise RowsDiffer(count=len(old ^ new), tables=changed.flow.name)


def _constraints(endpoint: Endpoint) -> list[tuple[object, ...]]:
    with endpoint.session("test") as session:
        return session.execute(
            "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid::regclass::text NOT LIKE 'golive%'"
            " UNION ALL SELECT tgrelid::regclass::text, tgname::text, tgenabled::text FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgname NOT LIKE 'golive%' ORDER BY 1, 2"
        ).fetchall()


def test_the_target_is_handed_over_with_every_write(migration: Migration) -> None:
    """The source is closed, both sides are the same, and what was changed since the verification was looked at."""
    seen: dict[str, int | None] = {}

    def verify(found: tuple[ChangedUnits, ...], source: Session, target: Session) -> None:
        seen.update({changed.flow.name: changed.units for changed in found})
        verify_as_text(found, source, target)

    run_pass(migration)
    write(migration.source, "UPDATE ord SET amount = 7.70 WHERE id = 5")
    report = final_sync(migration, 30, verify)
    assert differences(migration) == {}
    assert is_frozen(migration)
    assert seen == {"customer": 10, "purchase": 2, "total": 2}
    assert report.verified == 0
    assert report.stalled <= report.frozen


def test_keys_and_triggers_are_given_back_as_they_were(source: Endpoint, migration: Migration) -> None:
    """While rows are synchronised they neither refuse nor fire; after the hand-over they are what they were."""
    held = _constraints(migration.target)
    final_sync(migration, 30, verify_as_text)
    assert _constraints(migration.target) != held
    with migration.target.session("test") as session:
        fired = session.execute("SELECT count(*) FROM public.fired").fetchone()
        assert fired == (0,)
    write(migration.target, "DELETE FROM purchase WHERE purchase_id = 3")
    with migration.target.session("test") as session:
        fired = session.execute("SELECT count(*) FROM public.fired").fetchone()
    assert fired == (1,)
    definitions = {(table, name): text for table, name, text in _constraints(migration.target)}
    assert definitions["public.purchase", "noted"] == "A"
    assert "ON DELETE CASCADE" in str(definitions["public.purchase", "purchase_customer_id_fkey"])
    assert "DEFERRABLE" not in str(definitions["public.total", "total_customer_id_fkey"])


def test_a_difference_gives_writes_back(migration: Migration) -> None:
    """A row that differs stops the hand-over; the source takes writes again, and they arrive by the next one."""

    def spoiled(found: tuple[ChangedUnits, ...], source: Session, target: Session) -> None:
        if not is_frozen(migration):
            write(migration.source, "UPDATE cust SET nm = 'just before' WHERE no = 3")
            return
        target.execute("UPDATE public.customer SET full_name = 'spoiled' WHERE customer_id = 3")
        verify_as_text(found, source, target)

    with pytest.raises(RowsDiffer):
        final_sync(migration, 30, spoiled)
    assert not is_frozen(migration)
    write(migration.source, "UPDATE cust SET nm = 'later' WHERE no = 3", "INSERT INTO ord VALUES (9000, 3, 1)")
    final_sync(migration, 30, verify_as_text)
    assert differences(migration) == {}


def test_what_changes_while_the_rest_is_looked_at_is_looked_at_in_the_freeze(migration: Migration) -> None:
    """A write between the last look and the freeze is copied and looked at before the hand-over."""
    calls: list[dict[str, int | None]] = []

    def verify(found: tuple[ChangedUnits, ...], source: Session, target: Session) -> None:
        verify_as_text(found, source, target)
        calls.append({changed.flow.name: changed.units for changed in found})
        if len(calls) == 1:
            write(migration.source, "UPDATE ord SET amount = 8.80 WHERE id = 6")

    report = final_sync(migration, 30, verify)
    assert {"purchase": 1, "total": 1} in calls[1:]
    assert report.verified == sum(units or 0 for units in calls[-1].values())
    assert differences(migration) == {}


def test_nothing_is_handed_over_that_was_never_verified(source: Endpoint, target: Endpoint, capture: Capture) -> None:
    """Without a full verification writes are not even stopped."""
    migration = shop(source, target, capture)
    begin_capture(migration)
    with pytest.raises(NotReady):
        final_sync(migration, 30, _trust)
    assert not is_frozen(migration)
    end_capture(migration)


def test_a_hand_over_that_was_through_is_not_done_again(migration: Migration) -> None:
    """Asked again, it says so and touches nothing; no pass writes into a database that is in use."""
    final_sync(migration, 30, verify_as_text)
    before = _constraints(migration.target)
    report = final_sync(migration, 30, _never)
    assert (report.frozen, report.verified) == (0, 0)
    with pytest.raises(HandedOver):
        run_pass(migration)
    assert is_frozen(migration)
    assert _constraints(migration.target) == before


@pytest.mark.parametrize("committed", [True, False])
def test_writes_are_not_given_back_when_the_target_is_in_use(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Where the answer of the last commit is lost, the target is asked whether it was handed over."""

    def lost(*values: Any) -> None:
        if committed:
            release(*values)
        raise psycopg.OperationalError("lost")

    release = final.release
    monkeypatch.setattr(final, "release", lost)
    with pytest.raises(ServerUnreachable):
        final_sync(migration, 30, verify_as_text)
    monkeypatch.undo()
    assert is_frozen(migration) is committed
    final_sync(migration, 30, _never if committed else verify_as_text)
    assert is_frozen(migration)
    assert differences(migration) == {}


def test_time_that_is_up_gives_writes_back(migration: Migration) -> None:
    """The budget ends what is being waited for, and the source takes writes again."""

    def slow(_found: tuple[ChangedUnits, ...], _source: Session, target: Session) -> None:
        if is_frozen(migration):
            target.execute("SELECT pg_sleep(60)")

    with pytest.raises(FreezeFailed):
        final_sync(migration, 3, slow)
    assert not is_frozen(migration)
    write(migration.source, "UPDATE cust SET nm = 'later' WHERE no = 3")


def test_going_back_keeps_every_write(migration: Migration) -> None:
    """What the new database acknowledged is in the old one, which is open and as it was; the new one is closed."""
    old, new = migration.source, migration.target
    write(old, NOTE.format("shop", "shop.ord"), "UPDATE cust SET grade = 'B' WHERE no = 12")
    before = _constraints(old)
    reverse = Migration("back", new, old, BACK, migration.digest, capture=migration.capture)
    final_sync(migration, 30, verify_as_text, lambda _source, _target: begin_flow_back(reverse))
    end_capture(migration, keep_freeze=True)
    write(
        new, "INSERT INTO customer VALUES (500, 'new', 'm12x', '일반')", "INSERT INTO purchase VALUES (9001, 500, 1.5)"
    )
    flow_back_pass(reverse)
    write(
        new,
        "UPDATE customer SET email = NULL WHERE customer_id = 12",
        "UPDATE customer SET email = 'm12' WHERE customer_id = 13",
        "DELETE FROM total WHERE customer_id = 14",
        "DELETE FROM customer WHERE customer_id = 14",
    )
    write(new, "UPDATE purchase SET amount = 9.990 WHERE purchase_id = 9001")
    seen: set[str] = set()

    def verify(found: tuple[ChangedUnits, ...], source: Session, target: Session) -> None:
        seen.update(changed.flow.name for changed in found)
        verify_as_text(found, source, target)

    come_back(migration, reverse, 30, verify)
    assert seen == {"cust", "ord"}
    assert differences(reverse) == {}
    assert _constraints(old) == before
    come_back(migration, reverse, 30, _never)
    assert is_frozen(reverse)
    assert not is_frozen(migration)
    write(old, "UPDATE cust SET nm = 'old again' WHERE no = 12")
    with old.session("test") as session:
        assert session.execute("SELECT grade, nm FROM shop.cust WHERE no = 12").fetchone() == ("B", "old again")
        assert session.execute("SELECT count(*) FROM shop.fired").fetchone() == (0,)
    end_capture(reverse)


def test_the_way_back_is_watched_and_ends(migration: Migration) -> None:
    """What waits is measured against its limits; the end needs its hour or a signature, and leaves the old closed."""
    reverse = Migration("back", migration.target, migration.source, BACK, migration.digest, capture=migration.capture)
    final_sync(migration, 30, _trust, lambda _source, _target: begin_flow_back(reverse))
    flow_back_pass(reverse)
    assert backlog(reverse, 1 << 40, 3600).over == ()
    write(migration.target, "INSERT INTO customer SELECT n, 'n', NULL FROM generate_series(1000, 2000) n")
    waiting = backlog(reverse, 0, 0)
    assert waiting.over == ("bytes", "lag")
    assert waiting.changes == (1001 if migration.capture == "triggers" else 0)
    with pytest.raises(NotReady):
        end_flow_back(reverse, datetime.now(UTC) + timedelta(hours=1))
    end_flow_back(reverse, datetime.now(UTC) - timedelta(hours=1))
    assert is_frozen(migration)
    with migration.target.session("test") as session:
        assert session.execute("SELECT to_regnamespace('golive_capture')").fetchone() == (None,)
