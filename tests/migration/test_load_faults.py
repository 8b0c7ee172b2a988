"""Whatever dies during the load: called again, or by itself, it goes on, and every row is there once."""

import dataclasses
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from golive.migration.endpoint import Endpoint
from golive.migration.errors import ServerFailed
from golive.migration.load import load
from golive.migration.settings import Limits, Migration, Progress
from tests.checker.rows import compare
from tests.domain.conftest import Postgres
from tests.migration.flows import CALLS, CALLS_ROWS, CALLS_TABLE, fill_calls, migration, ready, run_sql, same, url
from tests.migration.kills import FORK, load_under_kills
from tests.migration.proxy import proxied

ROWS = 60_000
SMALL = Limits(chunk_bytes=1 << 19)


@pytest.fixture
def calls(source: Endpoint, target: Endpoint) -> Migration:
    run_sql(source, CALLS_TABLE, fill_calls(ROWS))
    run_sql(target, CALLS_TABLE)
    return migration(source, target, same("calls", CALLS), limits=SMALL)


def differences(done: Migration) -> list[str]:
    return compare(url(done.source), CALLS_ROWS, url(done.target), CALLS_ROWS)


def after_chunks(wanted: Migration, number: int, event: threading.Event) -> Migration:
    """The migration, whose load sets ``event`` when ``number`` chunks are in."""

    def report(progress: Progress) -> None:
        if progress.chunks_done >= number:
            event.set()

    return dataclasses.replace(wanted, report=report)


@contextmanager
def beside(work: threading.Thread) -> Iterator[None]:
    work.start()
    yield
    work.join(60)
    assert not work.is_alive()


def test_a_killed_worker_is_followed_by_another(calls: Migration) -> None:
    """SIGKILL at any moment costs the open chunks, and no row."""
    assert load_under_kills(ready(calls), 0.2, most=40) > 1
    assert differences(calls) == []


def test_terminated_sessions_are_opened_again(calls: Migration, postgres: Postgres) -> None:
    """pg_terminate_backend on either side, at random, makes no error and no other row."""
    cut, over = [0], threading.Event()

    def terminate() -> None:
        chance = random.Random(1)
        with postgres.connect("postgres") as session:
            while not over.wait(chance.uniform(0.05, 0.3)) and cut[0] < 20:
                cut[0] += len(
                    session.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'golive load move' ORDER BY random() LIMIT 1"
                    ).fetchall()
                )

    ready(calls)
    with beside(threading.Thread(target=terminate)):
        load(calls)
        over.set()
    assert cut[0] > 1
    assert differences(calls) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_restarted_server_is_waited_for(calls: Migration, postgres: Postgres, how: signal.Signals) -> None:
    """An orderly restart and a crash: the same load goes on by itself, and does only open chunks again."""
    ready(calls)
    process = FORK.Process(target=lambda: load(calls), daemon=True)
    process.start()
    time.sleep(0.6)
    postgres.stop(how)
    time.sleep(1)
    postgres.start()
    process.join(120)
    assert process.exitcode == 0
    assert differences(calls) == []


def test_a_cut_connection_never_looks_like_the_end(calls: Migration) -> None:
    """Connections cut in the middle of a COPY, on either side, leave no half chunk."""
    chance = random.Random(2)
    cuts = [chance.randrange(20_000, 900_000) for _ in range(12)]
    ready(calls)
    with proxied(calls.source.port, cuts[:6]) as left, proxied(calls.target.port, cuts[6:]) as right:
        load(
            dataclasses.replace(
                calls,
                source=dataclasses.replace(calls.source, port=left.port),
                target=dataclasses.replace(calls.target, port=right.port),
            )
        )
        assert (left.made > 1, right.made > 1) == (True, True)
    assert differences(calls) == []


def test_a_lock_of_an_application_is_waited_for(calls: Migration) -> None:
    """Locks that are held longer than ours wait delay the load, and break nothing."""
    ready(calls)
    locked = threading.Event()

    def hold() -> None:
        with psycopg.connect(url(calls.target)) as one, psycopg.connect(url(calls.source)) as other:
            one.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
            other.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
            locked.set()
            time.sleep(7)

    with beside(threading.Thread(target=hold)):
        locked.wait(10)
        load(calls)
    assert differences(calls) == []


def test_a_deadlock_is_tried_again(calls: Migration) -> None:
    """Whoever is the victim, the application or a chunk, the rows are there once."""
    ready(calls)
    outcome: list[str] = []
    begun = threading.Event()

    def quarrel() -> None:
        begun.wait(30)
        with psycopg.connect(url(calls.target)) as session:
            session.execute("SET deadlock_timeout = '10s'")  # the chunk looks first, and is the victim
            session.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
            time.sleep(0.5)
            session.execute("SELECT FROM golive_migration.chunk FOR UPDATE")
            outcome.append("done")

    with beside(threading.Thread(target=quarrel)):
        load(after_chunks(calls, 3, begun))
    assert outcome == ["done"]
    assert differences(calls) == []


def test_a_rewritten_source_table_is_read_anew(calls: Migration) -> None:
    """VACUUM FULL moves rows to other pages without changing them: chunks planned before are not trusted."""
    begun, rewritten = threading.Event(), threading.Event()
    run_sql(calls.source, "DELETE FROM calls WHERE id % 3 = 0")

    def rewrite() -> None:
        begun.wait(30)
        run_sql(calls.source, "VACUUM FULL calls")
        rewritten.set()

    ready(calls)
    with beside(threading.Thread(target=rewrite)):
        load(after_chunks(calls, 3, begun))
    assert rewritten.is_set()
    assert differences(calls) == []


def test_a_full_disk_stops_the_load_and_room_lets_it_go_on(calls: Migration, postgres: Postgres) -> None:
    """No room on the target is said; with room the same call ends with every row."""
    with small_tablespace(postgres, "8m") as grow:
        run_sql(calls.target, "ALTER TABLE calls SET TABLESPACE small")
        ready(calls)
        with pytest.raises(ServerFailed) as caught:
            load(calls)
        assert "No space left" in str(caught.value)
        grow("80m")
        load(calls)
        assert differences(calls) == []
        run_sql(calls.target, "DROP TABLE calls")


@contextmanager
def small_tablespace(postgres: Postgres, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of its own for a tablespace, and how to make it larger; needs root."""
    place = Path(tempfile.mkdtemp(prefix="golive-test-"))
    owner = postgres.data.stat().st_uid

    def mount(options: str) -> bool:
        options += f",uid={owner},mode=0700"
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=False).returncode == 0

    if not mount(f"size={size}"):
        place.rmdir()
        pytest.skip("a small file system can be made by root only")
    try:
        with postgres.connect("postgres") as session:
            session.execute(f"CREATE TABLESPACE small LOCATION '{place}'".encode())
            yield lambda larger: None if mount(f"remount,size={larger}") else pytest.fail("not remounted")
            session.execute("CHECKPOINT")
            session.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()
