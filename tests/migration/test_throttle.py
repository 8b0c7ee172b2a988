"""The brake: a person, the source's load or the clock makes the load wait, and it says why."""

import dataclasses
import threading
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import psycopg
import pytest

from golive.migration.endpoint import Endpoint
from golive.migration.errors import NotReady, OutOfTime
from golive.migration.load import load
from golive.migration.settings import Limits, Migration, Progress
from golive.migration.throttle import pause, resume, slower, within
from tests.migration.flows import CALLS, CALLS_TABLE, fill_calls, migration, ready, run_sql, same, url
from tests.migration.owners import owner

ROWS = 20_000
OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'golive load move' AND xact_start IS NOT NULL AND datname = %s"""


@pytest.fixture
def calls(source: Endpoint, target: Endpoint) -> Migration:
    run_sql(source, CALLS_TABLE, fill_calls(ROWS))
    run_sql(target, CALLS_TABLE)
    return ready(migration(source, target, same("calls", CALLS), limits=Limits(chunk_bytes=1 << 18)))


def limited(wanted: Migration, seen: list[Progress], **limits: object) -> Migration:
    return dataclasses.replace(wanted, limits=dataclasses.replace(wanted.limits, **limits), report=seen.append)  # type: ignore[arg-type]


def test_a_person_pauses_and_resumes(calls: Migration) -> None:
    """While it is paused nothing is copied and the reason is told once; resumed it ends."""
    seen: list[Progress] = []
    pause(calls, "kim", "month's end")
    work = threading.Thread(target=lambda: load(limited(calls, seen)))
    work.start()
    time.sleep(2.5)
    assert [progress.note for progress in seen] == ["paused by kim: month's end"]
    assert seen[0].rows == 0
    resume(calls, "kim")
    work.join(60)
    assert seen[-1].rows == ROWS


def test_a_person_makes_it_slower(calls: Migration) -> None:
    """With one worker allowed, one chunk is open at a time."""
    open_chunks: list[int] = []

    def look(_progress: Progress) -> None:
        with psycopg.connect(url(calls.target)) as session:
            row = session.execute(OPEN, (calls.target.database,)).fetchone()
            open_chunks.append(row[0] if row else 0)

    slower(calls, 1, "kim", "office hours")
    load(dataclasses.replace(calls, report=look))
    assert set(open_chunks) == {0}  # the only one has just committed


def test_a_busy_source_is_left_alone(calls: Migration) -> None:
    """More active sessions than the limit make the load wait until they are gone."""
    seen: list[Progress] = []
    with psycopg.connect(url(calls.source)) as one, psycopg.connect(url(calls.source)) as two:
        busy = [threading.Thread(target=session.execute, args=("SELECT pg_sleep(3)",)) for session in (one, two)]
        for thread in busy:
            thread.start()
        time.sleep(0.3)
        load(limited(calls, seen, active_sessions=1))
        for thread in busy:
            thread.join()
    assert seen[0].note == "2 active sessions on the source"
    assert seen[-1].rows == ROWS


def test_what_cannot_be_seen_is_not_taken_for_quiet(calls: Migration, source: Endpoint) -> None:
    """A role that may not look at others' sessions is told what it needs."""
    with owner(source) as old, psycopg.connect(url(source)) as other:
        other.execute("SELECT 1")
        run_sql(source, f"GRANT SELECT ON calls TO {old.user}")
        with pytest.raises(NotReady):
            load(limited(dataclasses.replace(calls, source=old), [], active_sessions=1))


def test_no_chunk_is_begun_behind_the_deadline(calls: Migration) -> None:
    """The load ends with what is left; what is in stays in."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(OutOfTime) as caught:
        load(limited(calls, [], until=past))
    assert caught.value.data["left"] > 1


def test_outside_its_hours_the_load_waits(calls: Migration) -> None:
    """By the target's clock, in the zone that was declared."""
    seen: list[Progress] = []
    now = datetime.now(UTC)
    begin = (now + timedelta(seconds=3)).time()
    load(limited(calls, seen, hours=(begin, (now + timedelta(hours=1)).time())))
    assert seen[0].note.startswith("outside ")
    assert seen[-1].rows == ROWS


def test_a_window_may_cross_midnight() -> None:
    """22:00-06:00 holds at night only."""
    night = clock(22), clock(6)
    assert [within(clock(hour), *night) for hour in (21, 22, 23, 0, 5, 6)] == [False, True, True, True, True, False]
