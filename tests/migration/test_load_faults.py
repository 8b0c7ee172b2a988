"""Whatever dies during the load: called again it goes on, and every row is there once."""

import pytest

from golive.migration.endpoint import Endpoint
from tests.checker.rows import compare
from tests.migration.flows import CALLS, CALLS_ROWS, CALLS_TABLE, fill_calls, migration, ready, run_sql, same, url
from tests.migration.kills import load_under_kills

ROWS = 100_000


@pytest.fixture
def calls(source: Endpoint, target: Endpoint) -> tuple[Endpoint, Endpoint]:
    run_sql(source, CALLS_TABLE, fill_calls(ROWS))
    run_sql(target, CALLS_TABLE)
    return source, target


def test_a_killed_worker_is_followed_by_another(calls: tuple[Endpoint, Endpoint]) -> None:
    """SIGKILL at any moment costs the open chunks, and no row."""
    wanted = ready(migration(*calls, same("calls", CALLS)))
    assert load_under_kills(wanted, 0.6) > 1
    assert compare(url(calls[0]), CALLS_ROWS, url(calls[1]), CALLS_ROWS) == []
