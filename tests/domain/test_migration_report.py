"""Reports: whole in both languages, and no text in them does anything but stand there."""

import pytest

from golive.migration.accounting import Accounting, Cleansed, Rejected
from golive.migration.analysis.patterns import LOOKS_LIKE, TROUBLES, UNICODE_TROUBLES
from golive.migration.analysis.profile_sql import ODD
from golive.migration.flow import Classification
from golive.migration.report.document import Document, Heading, Paragraph, Table
from golive.migration.report.verification import Loaded, verification_report
from golive.migration.verdict import Difference, Flaw, FlowVerdict, ObjectFlaw, RowDifference, Verification
from golive.texts import catalogue

HOSTILE = "<script>alert(1)</script>|`x`\n# [a](javascript:b)\x1b[31m\u202e"


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_every_name_has_its_word(locale: str) -> None:
    """Whatever kind of finding there is, the reports can say it."""
    names = [f"kind_{each}" for each in Difference] + [f"flaw_{each}" for each in Flaw]
    names += [f"class_{each}" for each in Classification] + [f"looks_{each}" for each in LOOKS_LIKE]
    names += [f"trouble_not_{each}" for each in LOOKS_LIKE] + ["trouble_empty"]
    kinds = [*TROUBLES, *UNICODE_TROUBLES, *(kind for odd in ODD.values() for kind in odd)]
    names += [f"trouble_{each}" for each in kinds]
    assert not [name for name in names if f"migration_report.{name}" not in catalogue(locale)]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_report_tells_all(locale: str) -> None:
    """Counts, differing rows, flaws, cleansing, rejects and what was moved."""
    sample = RowDifference(Difference.DIFFERENT, "id=#0123", ("name",))
    flow = FlowVerdict("orders", "public.orders", 1_234_567, 1_234_566, 1, 0, 7, (sample,), 2.5)
    found = Verification((flow,), (ObjectFlaw(Flaw.SEQUENCE_BEHIND, "public.orders", "public.s", 12),))
    counted = Accounting(
        (Cleansed("orders", "trim", "name", "blanks", 42),), (Rejected("orders", "zero", "none", 3, ("#9",)),)
    )
    report = verification_report("move", found, locale, accounting=counted, loaded=(Loaded("orders", 5, 6, 7.0),))
    page = report.html()
    for text in ("1,234,567", "id=#0123", "public.s", "trim", "blanks", "42", "#9", "7.0"):
        assert text in page
    assert "\n|" in report.markdown()


def test_hostile_text_stays_text() -> None:
    """No mark-up, no row of a table, no escape of a terminal comes out of a name."""
    document = Document(HOSTILE, "en", (Heading(HOSTILE), Paragraph(HOSTILE), Table((HOSTILE,), ((HOSTILE,),))))
    page, text = document.html(), document.markdown()
    assert "<script" not in page
    assert "\\<script\\>" in text
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 3
    for letter in ("\x1b", "\u202e"):
        assert letter not in page + text
    assert "http" not in page
