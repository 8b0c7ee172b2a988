"""The profile of a source: what an experienced colleague would find in an old database, without its people."""

import pytest

from golive.migration.analysis.profile import profile
from golive.migration.analysis.values import Duplicates, Orphans, Profile
from golive.migration.endpoint import Endpoint
from golive.migration.expectations.suite import Expectation, proposed
from golive.migration.report.profile import profile_report
from golive.migration.settings import Migration
from tests.migration.proof import flow_of, migration_of, run

_CUSTOMERS = """
INSERT INTO cust SELECT 'C' || i, '고객' || i, '900101-1' || lpad(i::text, 6, '0'), '2020-01-' || lpad(i::text, 2, '0'),
20 + i, i FROM generate_series(1, 28) i"""
_SOURCE = (
    "CREATE TABLE cust (cust_no text PRIMARY KEY, name text, rrn text, joined text, age integer, score numeric(5,2))",
    _CUSTOMERS,
    "UPDATE cust SET joined = '0000-00-00' WHERE cust_no = 'C1'",
    "UPDATE cust SET joined = '2023-02-30', name = '고객 ' WHERE cust_no = 'C2'",
    "UPDATE cust SET name = E'고\\x01객', rrn = '모름' WHERE cust_no = 'C3'",
    "UPDATE cust SET name = normalize('고객', NFD), score = 'NaN' WHERE cust_no = 'C4'",
    "UPDATE cust SET name = U&'\\FFFD' WHERE cust_no = 'C5'",
    "UPDATE cust SET name = '', rrn = NULL WHERE cust_no = 'C6'",
    "UPDATE cust SET name = convert_from(convert_to('고객', 'UTF8'), 'LATIN1') WHERE cust_no = 'C7'",
    "CREATE TABLE call (call_no integer, cust_no text, parent integer, at timestamp)",
    "INSERT INTO call SELECT i, 'C' || (i % 30 + 1), 1, '2024-01-01' FROM generate_series(1, 60) i",
    "INSERT INTO call VALUES (60, 'C1', 1, 'infinity'), (61, NULL, NULL, '0001-01-01')",
    "ALTER TABLE call ADD UNIQUE (call_no, cust_no, at)",
    "ALTER TABLE call ADD CONSTRAINT up FOREIGN KEY (cust_no) REFERENCES cust NOT VALID",
    "CREATE TABLE memo (id integer PRIMARY KEY, cust_no text)",
    "INSERT INTO memo VALUES (1, 'C1'), (2, 'C99'), (3, NULL)",
)  # fmt: skip
_CUST = {"cust_no": "text", "name": "text", "rrn": "text", "joined": "text", "age": "integer", "score": "numeric(5,2)"}
_CALL = {"call_no": "integer", "cust_no": "text", "parent": "integer", "at": "timestamp without time zone"}


@pytest.fixture
def old(source: Endpoint, target: Endpoint) -> Migration:
    run(source, *_SOURCE)
    return migration_of(
        source,
        target,
        flow_of("cust", _CUST, ("cust_no",), public=("age",)),
        flow_of("call", _CALL, ()),
        flow_of("memo", {"id": "integer", "cust_no": "text"}),
    )


def test_columns_are_described(old: Migration) -> None:
    """Rows, nulls, lengths, different values; ranges of public columns alone."""
    cust = profile(old).tables[0]
    assert (cust.table, cust.rows, cust.key) == ("public.cust", 28, ("cust_no",))
    assert cust.bytes > 0
    name, age, score = cust.column("name"), cust.column("age"), cust.column("score")
    assert name is not None
    assert age is not None
    assert score is not None
    assert (name.nulls, name.shortest, name.longest, name.smallest) == (0, 0, 6, None)
    assert (age.smallest, age.largest, age.distinct) == ("21", "48", 28)
    assert (score.smallest, score.largest) == (None, None)


def test_what_is_wrong_with_values_is_counted(old: Migration) -> None:
    """Blanks, control characters, lost and misread letters, dates that are none, numbers that are none."""
    found = _troubles(profile(old))
    assert found["cust.name"] == {
        "empty": 1, "trailing_blank": 1, "control": 1, "decomposed": 1, "replacement": 1, "mojibake": 1,
    }  # fmt: skip
    assert found["cust.joined"] == {"zero_date": 1, "not_date": 2}
    assert found["cust.rrn"] == {"not_resident_number": 1}
    assert found["cust.score"] == {"not_a_number": 1}
    assert found["call.at"] == {"infinite": 1, "implausible": 1}


def test_orphans_and_duplicates_are_found(old: Migration) -> None:
    """Of foreign keys that are declared and of those that names suggest; of columns that look like a key."""
    _, call, memo = profile(old).tables
    assert call.orphans == (Orphans(("cust_no",), "public.cust", ("cust_no",), True, 4),)
    assert memo.orphans == (Orphans(("cust_no",), "public.cust", ("cust_no",), False, 1),)
    assert call.duplicates == (Duplicates(("call_no",), 1, 2),)


def test_a_suite_follows_from_profile_and_mapping(old: Migration) -> None:
    """Keys are unique, required columns filled, public ranges kept; nothing of a personal column's values is said."""
    suite = proposed(profile(old), old.flows, {})[0]
    assert Expectation("expect_column_values_to_be_unique", "cust_no") in suite.expectations
    between = {"min_value": 21, "max_value": 48}
    assert Expectation("expect_column_values_to_be_between", "age", between) in suite.expectations
    assert not [each for each in suite.expectations if each.column in ("score", "rrn")]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_report_shows_findings_in_both_languages(old: Migration, locale: str) -> None:
    """Every table and finding is there, and no personal value."""
    document = profile_report(profile(old), locale)
    word = {"ko": "주민등록번호 아님", "en": "not a resident number"}[locale]
    for page in (document.markdown(), document.html()):
        assert word in page
        assert "public.memo" in page.replace("\\", "")
        assert "900101" not in page


def test_a_source_that_is_not_unicode_is_profiled_too(source: Endpoint, target: Endpoint) -> None:
    """A database in EUC-KR has no Unicode patterns to be asked for, but all the others."""
    with source.session("test") as session:
        session.execute("CREATE DATABASE old_euc TEMPLATE template0 ENCODING 'EUC_KR' LC_COLLATE 'C' LC_CTYPE 'C'")
    legacy = Endpoint(source.host, source.port, source.user, source.password, "old_euc")
    try:
        run(legacy, "CREATE TABLE t (id integer PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, '상담 '), (2, '')")
        flow = flow_of("t", {"id": "integer", "v": "text"})
        found = _troubles(profile(migration_of(legacy, target, flow)))
        assert found["t.v"] == {"empty": 1, "trailing_blank": 1}
    finally:
        with source.session("test") as session:
            session.execute("DROP DATABASE old_euc WITH (FORCE)")


def _troubles(profile: Profile) -> dict[str, dict[str, int]]:
    return {
        f"{table.table.removeprefix('public.')}.{column.name}": {each.kind: each.count for each in column.troubles}
        for table in profile.tables
        for column in table.columns
    }
