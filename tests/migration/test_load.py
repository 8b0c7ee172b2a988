"""The bulk load: chunks with markers, several at once, and what is refused."""

import dataclasses

import psycopg
import pytest

from golive.migration.endpoint import Endpoint
from golive.migration.errors import NotReady, OtherMigration, RowRefused, StaleMigration, TargetNotEmpty
from golive.migration.flow import Classification
from golive.migration.load import load
from golive.migration.prepare import prepare
from golive.migration.settings import Progress
from tests.checker.rows import compare, merge
from tests.migration.flows import (
    CALLS,
    CALLS_ROWS,
    CALLS_TABLE,
    fill_calls,
    migration,
    ready,
    run_sql,
    same,
    url,
)

ROWS = 30_000


@pytest.fixture
def calls(source: Endpoint, target: Endpoint) -> tuple[Endpoint, Endpoint]:
    run_sql(source, CALLS_TABLE, fill_calls(ROWS))
    run_sql(target, CALLS_TABLE)
    return source, target


def test_a_table_is_loaded_in_chunks_and_once(calls: tuple[Endpoint, Endpoint]) -> None:
    """Every row is there once, however often the load is called."""
    seen: list[Progress] = []
    wanted = ready(migration(*calls, same("calls", CALLS), report=seen.append))
    load(wanted)
    load(wanted)
    assert compare(url(calls[0]), CALLS_ROWS, url(calls[1]), CALLS_ROWS) == []
    assert seen[-1].rows == ROWS
    assert seen[-1].chunks_done == seen[-1].chunks == len(seen) > 5


def test_text_travels_where_binary_cannot(calls: tuple[Endpoint, Endpoint]) -> None:
    """A flow with a column that has no common binary form gives the same rows."""
    load(ready(migration(*calls, same("calls", CALLS, binary=False))))
    assert compare(url(calls[0]), CALLS_ROWS, url(calls[1]), CALLS_ROWS) == []


def test_steps_out_of_order_are_refused(calls: tuple[Endpoint, Endpoint]) -> None:
    """A load before its plan, or before its beginning, says what is missing."""
    wanted = migration(*calls, same("calls", CALLS))
    prepare(wanted)
    with pytest.raises(NotReady):
        load(wanted)


def test_another_source_mapping_or_schema_is_refused(calls: tuple[Endpoint, Endpoint]) -> None:
    """A resume that would mix two migrations is refused, and says what changed."""
    wanted = ready(migration(*calls, same("calls", CALLS)))
    with pytest.raises(OtherMigration) as caught:
        prepare(dataclasses.replace(wanted, digest="sha256:" + "1" * 64))
    assert caught.value.data["difference"] == "mapping"
    with pytest.raises(OtherMigration) as caught:
        prepare(dataclasses.replace(wanted, source=calls[1]))
    assert caught.value.data["difference"] == "source"
    run_sql(calls[1], "ALTER TABLE calls ADD COLUMN more text")
    with pytest.raises(OtherMigration) as caught:
        prepare(wanted)
    assert caught.value.data["difference"] == "target_schema"


def test_rows_that_stand_in_the_target_are_not_loaded_over(calls: tuple[Endpoint, Endpoint]) -> None:
    """A target that is not empty is refused unless its flow says that the rows may go."""
    run_sql(calls[1], "INSERT INTO calls (id) VALUES (1)")
    with pytest.raises(TargetNotEmpty):
        prepare(migration(*calls, same("calls", CALLS)))
    load(ready(migration(*calls, same("calls", CALLS, truncate=True))))
    assert compare(url(calls[0]), CALLS_ROWS, url(calls[1]), CALLS_ROWS) == []


def test_a_stale_worker_commits_no_chunk(calls: tuple[Endpoint, Endpoint]) -> None:
    """Once a newer worker has raised the fence, the older one's rows do not come in."""
    wanted = ready(migration(*calls, same("calls", CALLS)))
    prepare(dataclasses.replace(wanted, token=2))
    with pytest.raises(StaleMigration):
        load(wanted)


@pytest.mark.parametrize("classification", list(Classification))
def test_a_refused_row_is_named_without_its_values(
    source: Endpoint, target: Endpoint, classification: Classification
) -> None:
    """The error names table, chunk and reason; the values only where the column is public."""
    run_sql(source, "CREATE TABLE p (id int, phone text)", "INSERT INTO p VALUES (1, '010-1234-5678')")
    run_sql(target, "CREATE TABLE p (id int, phone text CONSTRAINT digits CHECK (phone !~ '-'))")
    wanted = ready(migration(source, target, same("p", {"id": "int", "phone": "text"}, classification=classification)))
    with pytest.raises(RowRefused) as caught:
        load(wanted)
    assert "digits" in str(caught.value)
    assert "public.p" in str(caught.value)
    assert ("1234" in str(caught.value)) == (classification is Classification.PUBLIC)


def test_the_checker_sees_what_is_wrong(calls: tuple[Endpoint, Endpoint]) -> None:
    """A lost, a doubled and a changed row are each found, in either way of looking."""
    old, new = (url(side) for side in calls)
    query = f"{CALLS_ROWS} ORDER BY id"
    load(ready(migration(*calls, same("calls", CALLS))))
    assert compare(old, CALLS_ROWS, new, CALLS_ROWS) == merge(old, new, query) == []
    wrongs = {
        "DELETE FROM calls WHERE id = 7": "missing in the target",
        "INSERT INTO calls SELECT * FROM calls WHERE id = 9": "only in the target",
        "UPDATE calls SET note = note || ' ' WHERE id = 11": "",
    }
    for wrong, said in wrongs.items():
        with psycopg.connect(new) as session:
            session.execute(wrong.encode())
            session.commit()
            assert said in " ".join(compare(old, CALLS_ROWS, new, CALLS_ROWS)) != ""
            assert said in " ".join(merge(old, new, query)) != ""
            session.execute("TRUNCATE calls")
            session.commit()
        run_sql(calls[1], "DROP SCHEMA golive_migration CASCADE")
        load(ready(migration(*calls, same("calls", CALLS))))
