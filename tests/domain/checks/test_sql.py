"""Numbers from a real PostgreSQL: right, wrong, missing, and attempts to do more than read."""

import time

import pytest

from golive.checks.errors import AddressNotInInventory, ExpectationInvalid
from golive.checks.sql import Database, ScalarExpectation, scalar_check
from golive.checks.values import Result
from golive.secret import Secret
from tests.domain.checks.servers import free_port, raw


@pytest.fixture(scope="module")
def database(postgres):
    name = postgres.create_database()
    with postgres.connect(name) as connection:
        connection.execute("CREATE TABLE consultation AS SELECT generate_series(1, 7)::bigint AS id")
    return Database("127.0.0.1", postgres.port, name, "postgres", Secret(postgres.password))


def check(database, query, parameters=None, minimum=1, maximum=None, seconds=5):
    expected = ScalarExpectation(minimum, maximum)
    allowed = [("127.0.0.1", database.port)]
    return scalar_check("rows", database, query, parameters or {}, expected, allowed=allowed, timeout_seconds=seconds)


@pytest.mark.parametrize(
    ("query", "result", "measured"),
    [
        ("SELECT count(*) FROM consultation", Result.PASS, 7),
        ("SELECT sum(id) FROM consultation", Result.PASS, 28),
        ("SELECT count(*) FROM consultation WHERE id > 100", Result.FAIL, 0),
        ("SELECT id FROM consultation WHERE id > 100", Result.FAIL, None),
        ("SELECT sum(id) FROM consultation WHERE id > 100", Result.FAIL, None),
        ("SELECT id FROM consultation", Result.FAIL, None),
        ("SELECT id, id FROM consultation LIMIT 1", Result.FAIL, None),
        ("SELECT 'NaN'::numeric", Result.FAIL, None),
        ("SELECT 'Infinity'::numeric", Result.FAIL, None),
        ("SELECT 1.5", Result.FAIL, None),
        ("SELECT '7'::text", Result.FAIL, None),
        ("SELECT 9 FROM missing", Result.FAIL, None),
        ("SELECT 1 WHERE", Result.FAIL, None),
    ],
)
def test_only_one_right_number_passes(database, query, result, measured):
    """One row with one integer in range passes; no row, NULL, more rows, no integer and a broken query fail."""
    verdict = check(database, query)
    assert (verdict.result, verdict.measured) == (result, measured)


def test_range(database):
    """Both ends of the range belong to it."""
    query = "SELECT count(*) FROM consultation"
    results = [check(database, query, minimum=low, maximum=high).result for low, high in ((7, 7), (None, 6), (8, None))]
    assert results == [Result.PASS, Result.FAIL, Result.FAIL]


def test_parameters_are_values(database):
    """What comes from outside is a value, whatever it says."""
    query = "SELECT count(*) FROM consultation WHERE id::text = %(id)s"
    assert check(database, query, {"id": "7"}).measured == 1
    assert check(database, query, {"id": "7' OR true; DROP TABLE consultation --"}).measured == 0


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM consultation RETURNING 1",
        "COMMIT; DELETE FROM consultation; SELECT 1",
        "WITH gone AS (DELETE FROM consultation RETURNING 1) SELECT count(*) FROM gone",
        "SELECT nextval('made')",
    ],
)
def test_cannot_write(database, postgres, query):
    """A check reads: a query that would write is refused by the server, and nothing is changed."""
    with postgres.connect(database.name) as connection:
        connection.execute("CREATE SEQUENCE IF NOT EXISTS made")
    assert check(database, query).result is Result.FAIL
    assert check(database, "SELECT count(*) FROM consultation").measured == 7


def test_slow_query_is_bounded(database):
    """A query that takes too long is cut off, and nothing is known."""
    begun = time.monotonic()
    assert check(database, "SELECT 1 FROM pg_sleep(30)", seconds=1).result is Result.INCONCLUSIVE
    assert time.monotonic() - begun < 5


def test_silent_server_is_inconclusive(database):
    """A server that takes the connection and says nothing, and one that is not there, leave nothing known."""
    with raw(lambda connection: connection.recv(4096) and connection.recv(4096)) as (_, port):
        silent = Database("127.0.0.1", port, database.name, "postgres", Secret("x"))
        assert check(silent, "SELECT 1", seconds=1).result is Result.INCONCLUSIVE
    absent = Database("127.0.0.1", free_port(), database.name, "postgres", Secret("x"))
    assert check(absent, "SELECT 1", seconds=1).result is Result.INCONCLUSIVE


def test_wrong_password_shows_no_secret(database):
    """A refused login leaves nothing known, and the verdict does not hold the password."""
    wrong = Database("127.0.0.1", database.port, database.name, "postgres", Secret("canary-7f3a"))
    verdict = check(wrong, "SELECT 1")
    assert verdict.result is Result.INCONCLUSIVE
    assert "canary-7f3a" not in repr(verdict)


def test_address_outside_the_inventory_is_refused(database):
    """What the inventory does not name is not probed."""
    with pytest.raises(AddressNotInInventory):
        scalar_check("x", database, "SELECT 1", {}, ScalarExpectation(1), allowed=[("127.0.0.1", 1)])


@pytest.mark.parametrize(("low", "high"), [(None, None), (2, 1)])
def test_range_that_proves_nothing_is_refused(low, high):
    """A range that holds every number, or none, is refused."""
    with pytest.raises(ExpectationInvalid):
        ScalarExpectation(low, high)
