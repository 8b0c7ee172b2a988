"""A resident number and a phone number that differ are found in the private file, and nowhere else."""

import io
import json
import logging
import traceback
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from golive.errors import GoliveError
from golive.migration.accounting import Accounting, account
from golive.migration.analysis.profile import profile
from golive.migration.endpoint import Endpoint
from golive.migration.expectations.checkpoint import check
from golive.migration.expectations.proposal import propose
from golive.migration.expectations.suite import Expectation, as_json
from golive.migration.flow import Cleansing, Reject
from golive.migration.private_rows import PrivateRows
from golive.migration.report.profile import profile_report
from golive.migration.report.verification import verification_report
from golive.migration.settings import Migration
from golive.migration.verify import verify
from tests.migration.proof import flow_of, migration_of, run

RESIDENT, PHONE, OTHER = "900101-1234568", "010-9876-5432", "900101-1234569"
PLANTED = (RESIDENT, PHONE, OTHER, "9001011234568", "01098765432")
_TABLE = "CREATE TABLE person (rrn text PRIMARY KEY, phone text, grade int)"


@pytest.fixture
def planted(source: Endpoint, target: Endpoint) -> Migration:
    """People, keyed by the very number that must not be shown; one differs, one is missing, one is left behind."""
    for side in (source, target):
        run(
            side,
            _TABLE,
            "INSERT INTO person SELECT '8001011' || lpad(i::text, 6, '0'), '010', i FROM generate_series(1, 50) i",
        )
    run(
        source,
        f"INSERT INTO person VALUES ('{RESIDENT}', '{PHONE}', 1), ('{OTHER}', '{PHONE}', 1), ('x', '{PHONE}', -1)",
    )
    run(target, f"INSERT INTO person VALUES ('{RESIDENT}', '010-0000-0000', 1)")
    flow = flow_of("person", {"rrn": "text", "phone": "text", "grade": "integer"}, ("rrn",), public=("grade",))
    flow = replace(
        flow,
        where="s.grade > 0",
        cleansing=(Cleansing("dashes", "phone", "s.phone LIKE '%-%'", "하이픈 제거"),),
        rejects=(Reject("negative", "s.grade <= 0", "등급이 없음"),),
    )
    return migration_of(source, target, flow)


def test_planted_numbers_stand_only_in_the_private_file(
    planted: Migration, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Reports, the profile, the suite, Data Docs and logs lack them; the private file has them."""
    caplog.set_level(logging.INFO)
    private = PrivateRows(tmp_path / "private")
    with private.keep("move") as sink:
        found = verify(planted, keep=lambda row: sink.keep({"source": row.source, "target": row.target}))
        counted = account(planted, keep=lambda row: sink.keep({"rejected": row.row}))
    taken = profile(planted)
    suites = propose(planted, taken)
    odd = (
        Expectation("expect_column_values_to_match_regex", "phone", {"regex": "^x$"}),
        Expectation("expect_column_max_to_be_between", "rrn", {"max_value": 5}),
        Expectation("expect_column_distinct_values_to_be_in_set", "rrn", {"value_set": ["x"]}),
    )
    checked = check(planted, tuple(replace(suite, expectations=(*suite.expectations, *odd)) for suite in suites))
    shown = [repr(found), repr(counted), repr(taken), json.dumps([as_json(suite) for suite in suites]), caplog.text]
    shown += [repr(checked.results), *_pages(checked.docs)]
    for locale in ("ko", "en"):
        report = verification_report("move", found, locale, accounting=counted)
        document = profile_report(taken, locale)
        shown += [report.markdown(), report.html(), document.markdown(), document.html()]
    password = planted.target.password
    assert password is not None
    for text in shown:
        assert not [number for number in (*PLANTED, password.reveal()) if number in text]
    raw = private.files()[0].read_text()
    assert RESIDENT in raw
    assert PHONE in raw
    assert not checked.success
    _figures(found.flows[0].missing, found.flows[0].different, counted)


def _figures(missing: int, different: int, counted: Accounting) -> None:
    assert (missing, different) == (1, 1)
    assert [(each.rule, each.rows) for each in counted.cleansed] == [("dashes", 2)]
    assert [(each.rule, each.rows, len(each.keys)) for each in counted.rejected] == [("negative", 1, 1)]


def test_an_error_does_not_quote_the_row(planted: Migration) -> None:
    """A value that the server chokes on is in no message, and in no traceback that would be printed."""
    column = replace(planted.flows[0].columns[0], expression="s.phone::bigint::text")
    broken = replace(planted, flows=(replace(planted.flows[0], columns=(column, *planted.flows[0].columns[1:])),))
    with pytest.raises(GoliveError) as caught:
        verify(broken)
    said = "".join(traceback.format_exception(caught.value)) + caught.value.message("ko")
    assert not [number for number in PLANTED if number in said]


def _pages(docs: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(docs)) as archive:
        pages = [name for name in archive.namelist() if name.endswith(".html")]
        assert len(pages) >= 3
        return [archive.read(name).decode() for name in pages]
