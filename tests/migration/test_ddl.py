"""Schema changes in place, on a real PostgreSQL."""

import threading
import time

import pytest

from golive.migration.control import raise_fence
from golive.migration.ddl.history import applied
from golive.migration.ddl.rehearsal import rehearse, schema_shape
from golive.migration.ddl.running import Attempt, migrate_down, migrate_up
from golive.migration.ddl.scripts import Script, read_scripts
from golive.migration.endpoint import Endpoint
from golive.migration.errors import (
    Irreversible,
    SchemaNotRestored,
    ScriptBusy,
    ScriptEndsTransaction,
    ScriptFailed,
    ScriptsDiffer,
    StaleMigration,
)

FILES = {
    "ddl/0001_customer.up.sql": "CREATE TABLE 고객 (id integer PRIMARY KEY, name text NOT NULL);",
    "ddl/0001_customer.down.sql": "DROP TABLE 고객;",
    "ddl/0002_grade.up.sql": "ALTER TABLE 고객 ADD grade text;\nUPDATE 고객 SET grade = '일반';",
    "ddl/0002_grade.down.sql": "ALTER TABLE 고객 DROP grade;",
    "ddl/0003_index.up.sql": "-- golive: no transaction\n"
    "-- golive: done when SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('고객_name')\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS 고객_name ON 고객 (name)",
    "ddl/0003_index.down.sql": "DROP INDEX 고객_name;",
}
SCRIPTS = read_scripts(FILES)


def quiet(_line: str) -> None:
    """Nobody listens."""


def test_scripts_run_once_in_order_and_are_taken_back(target: Endpoint) -> None:
    """Up runs what is pending; again it runs nothing; down brings back the schema that was there."""
    before = schema_shape(target)
    assert migrate_up(target, SCRIPTS[:1], Attempt("first", 0), quiet) == ("0001_customer",)
    assert migrate_up(target, SCRIPTS, Attempt("second", 0), quiet) == ("0002_grade", "0003_index")
    assert migrate_up(target, SCRIPTS, Attempt("second", 0), quiet) == ()
    assert migrate_down(target, Attempt("second", 0), quiet) == ("0003_index", "0002_grade")
    assert migrate_down(target, Attempt("first", 0), quiet) == ("0001_customer",)
    assert schema_shape(target) == before


def test_a_failing_script_leaves_nothing(target: Endpoint) -> None:
    """A script that fails in its second statement is taken back whole, and the next call begins with it."""
    broken = (SCRIPTS[0], Script(2, "grade", "ALTER TABLE 고객 ADD grade text; SELECT 1/0;", "SELECT 1"))
    with pytest.raises(ScriptFailed) as caught:
        migrate_up(target, broken, Attempt("one", 0), quiet)
    assert "division by zero" in str(caught.value)
    with target.session("test") as session:
        assert [str(row) for row in applied(session)] == ["0001_customer"]
    assert migrate_up(target, SCRIPTS, Attempt("one", 0), quiet) == ("0002_grade", "0003_index")


def test_changed_skipped_and_unknown_scripts_are_refused(target: Endpoint) -> None:
    """What has run is never run in another form, and nothing slips in before it."""
    migrate_up(target, SCRIPTS, Attempt("one", 0), quiet)
    changed = (Script(1, "customer", "CREATE TABLE other ()", "DROP TABLE other"), *SCRIPTS[1:])
    for scripts in (changed, SCRIPTS[:2]):
        with pytest.raises(ScriptsDiffer):
            migrate_up(target, scripts, Attempt("two", 0), quiet)
    assert migrate_up(target, SCRIPTS[2:], Attempt("later release", 0), quiet) == ()


def test_a_worker_killed_in_a_script_without_transaction_is_followed_by_its_condition(target: Endpoint) -> None:
    """Begun and not done: the condition tells whether the effect is there, and the row is completed once."""
    migrate_up(target, SCRIPTS[:2], Attempt("one", 0), quiet)
    with target.session("test", search_path="public") as session:
        session.execute("CREATE INDEX 고객_name ON 고객 (name)")
        script = SCRIPTS[2]
        session.execute(
            "INSERT INTO golive_migration.script VALUES (%s, %s, %s, %s, %s, '', 'one', now(), NULL)",
            (script.number, script.name, script.checksum, script.up, script.down),
        )
    assert migrate_up(target, SCRIPTS, Attempt("one", 0), quiet) == ("0003_index",)
    with target.session("test") as session:
        assert all(row.done for row in applied(session))


def test_a_lower_token_changes_nothing(target: Endpoint) -> None:
    """A stale worker is refused in the database, up and down."""
    migrate_up(target, SCRIPTS[:1], Attempt("one", 3), quiet)
    with target.session("test") as session:
        raise_fence(session, 4)
    with pytest.raises(StaleMigration):
        migrate_up(target, SCRIPTS, Attempt("one", 3), quiet)
    with pytest.raises(StaleMigration):
        migrate_down(target, Attempt("one", 3), quiet)
    with target.session("test") as session:
        assert [str(row) for row in applied(session)] == ["0001_customer"]


def test_readers_are_not_stalled_by_a_lock_that_is_not_to_be_had(
    target: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an application holds the table, tries are short and repeated; once it lets go the script runs."""
    monkeypatch.setattr("golive.migration.ddl.running.LOCK_MILLISECONDS", 100)
    migrate_up(target, SCRIPTS[:1], Attempt("one", 0), quiet)
    held, release = threading.Event(), threading.Event()

    def application() -> None:
        with target.session("application", search_path="public") as session, session.transaction():
            session.execute("SELECT * FROM 고객")
            held.set()
            release.wait(30)

    user = threading.Thread(target=application)
    user.start()
    held.wait(30)
    done: list[tuple[str, ...]] = []
    worker = threading.Thread(target=lambda: done.append(migrate_up(target, SCRIPTS[:2], Attempt("one", 0), quiet)))
    worker.start()
    time.sleep(0.5)
    with target.session("reader", search_path="public", lock_timeout="3000") as session:
        session.execute("SELECT * FROM 고객")
    release.set()
    worker.join(60)
    user.join(60)
    assert done == [("0002_grade",)]


def test_a_lock_held_for_ever_ends_as_busy(target: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its tries the script gives up, says so, and has changed nothing."""
    monkeypatch.setattr("golive.migration.ddl.running.LOCK_MILLISECONDS", 50)
    monkeypatch.setattr("golive.migration.ddl.running.LOCK_TRIES", 2)
    migrate_up(target, SCRIPTS[:1], Attempt("one", 0), quiet)
    with target.session("application", search_path="public") as session, session.transaction():
        session.execute("SELECT * FROM 고객")
        with pytest.raises(ScriptBusy):
            migrate_up(target, SCRIPTS[:2], Attempt("one", 0), quiet)
    with target.session("test") as session:
        assert len(applied(session)) == 1


def test_two_workers_never_change_one_schema(target: Endpoint) -> None:
    """The second is told that another session is at it."""
    with target.session("other") as session:
        session.execute("SELECT pg_advisory_lock(7204120)")
        with pytest.raises(ScriptBusy):
            migrate_up(target, SCRIPTS, Attempt("one", 0), quiet)


def test_the_way_back_is_walked_before_production(target: Endpoint) -> None:
    """A rehearsal ends with the scripts up; a down script that leaves something is found and named."""
    assert rehearse(target, SCRIPTS, quiet) == ("0001_customer", "0002_grade", "0003_index")
    note = Script(4, "note", "CREATE TABLE note (id int); CREATE TABLE left_over ();", "DROP TABLE note")
    with pytest.raises(SchemaNotRestored) as caught:
        rehearse(target, (*SCRIPTS, note), quiet)
    assert "left_over" in str(caught.value)


def test_a_script_that_ends_its_transaction_is_refused(target: Endpoint) -> None:
    """COMMIT inside a script would take away its way back; the rehearsal finds it."""
    with pytest.raises(ScriptEndsTransaction):
        rehearse(target, (Script(1, "sly", "CREATE TABLE a (); COMMIT; CREATE TABLE b ();", "DROP TABLE a, b"),), quiet)


def test_what_cannot_be_undone_is_never_half_undone(target: Endpoint) -> None:
    """With one irreversible script among them, down refuses before it touches any."""
    final = Script(2, "drop", "ALTER TABLE 고객 DROP name", "", irreversible="names are gone")
    migrate_up(target, (SCRIPTS[0], final), Attempt("one", 0), quiet)
    with pytest.raises(Irreversible):
        migrate_down(target, Attempt("one", 0), quiet)
    with target.session("test") as session:
        assert len(applied(session)) == 2


def test_what_scripts_make_belongs_to_the_application(target: Endpoint) -> None:
    """Run by an administrator, a script's tables are the owner's; the history and the fence stay ours."""
    with target.session("test") as session:
        session.execute("CREATE ROLE application_owner; GRANT ALL ON SCHEMA public TO application_owner")
    try:
        migrate_up(target, SCRIPTS[:1], Attempt("one", 0, "application_owner"), quiet)
        with target.session("test") as session:
            owner = session.execute("SELECT tableowner FROM pg_tables WHERE tablename = '고객'").fetchone()
        migrate_down(target, Attempt("one", 0, "application_owner"), quiet)
        assert owner == ("application_owner",)
    finally:
        with target.session("test") as session:
            session.execute("DROP OWNED BY application_owner; DROP ROLE application_owner")
