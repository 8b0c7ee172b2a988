"""Random histories of changes: whatever happened between two passes, the target is the mapped source."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golive.migration.capture import begin_capture
from golive.migration.passes import run_pass
from golive.migration.settings import Migration
from tests.domain.conftest import Postgres
from tests.migration.checker import wrong
from tests.migration.conftest import endpoint
from tests.migration.shop import shop

_numbers = st.integers(1, 6)
_texts = st.sampled_from(["NULL", "'a'", "'b'", "' c '"])
_grades = st.sampled_from(["NULL", "'A'", "'B'"])


def _statement(text: str) -> st.SearchStrategy[str]:
    values = {"a": _numbers, "b": _numbers, "t": _texts, "g": _grades}
    return st.fixed_dictionaries(values).map(lambda chosen: text.format(**chosen))


STATEMENTS = st.one_of(
    [
        _statement(text)
        for text in (
            "INSERT INTO cust VALUES ({a}, coalesce({t}, 'x'), {t}, {g}) ON CONFLICT DO NOTHING",
            "INSERT INTO ord SELECT {b}, no, {a} FROM cust WHERE no = {a} ON CONFLICT DO NOTHING",
            "UPDATE cust SET email = {t} WHERE no = {a} AND NOT EXISTS (SELECT FROM cust WHERE email = {t})",
            "UPDATE cust SET nm = coalesce({t}, 'y'), grade = {g} WHERE no = {a}",
            "UPDATE cust SET no = {b} WHERE no = {a} AND NOT EXISTS (SELECT FROM cust WHERE no = {b})",
            "UPDATE ord SET cust_no = {b} WHERE id = {a} AND EXISTS (SELECT FROM cust WHERE no = {b})",
            "UPDATE ord SET id = {b} WHERE id = {a} AND NOT EXISTS (SELECT FROM ord WHERE id = {b})",
            "UPDATE ord SET amount = -1 WHERE id = {a}",
            "UPDATE ord SET amount = {b} * 1.50 WHERE id = {a}",
            "DELETE FROM cust WHERE no = {a}",
            "DELETE FROM ord WHERE cust_no = {a}",
            "UPDATE grade SET label = coalesce({t}, 'none') WHERE code = 'A'",
            "TRUNCATE ord",
            "TRUNCATE cust CASCADE",
        )
    ]
)
HISTORIES = st.lists(st.lists(STATEMENTS, min_size=1, max_size=8), min_size=1, max_size=3)
"""Statements between passes."""


@pytest.fixture(scope="module")
def migration(postgres: Postgres) -> Iterator[Migration]:
    names = (postgres.create_database(), postgres.create_database())
    migration = shop(endpoint(postgres, names[0]), endpoint(postgres, names[1]))
    begin_capture(migration)
    yield migration
    for name in names:
        postgres.drop_database(name)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=HISTORIES)
def test_passes_follow_every_history(migration: Migration, history: list[list[str]]) -> None:
    """After each pass both sides are the same, keys that changed, rows that left and tables that were emptied too."""
    for statements in history:
        with migration.source.session("application", search_path="shop, pg_catalog") as session:
            for statement in statements:
                session.execute(statement.encode())
        report = run_pass(migration)
        assert wrong(migration.source, migration.target) == {}
        assert report.left == 0
