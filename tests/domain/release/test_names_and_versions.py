import re

import pytest

from golive.release.names import nearest
from golive.release.shapes import HINTS
from golive.release.translation import _KEYS
from golive.release.version import is_older
from golive.texts import catalogue
from tests.domain.release.example import ROOT

ORDERED = [
    "1",
    "1.9",
    "1.10",
    "2.0.0-alpha",
    "2.0.0-rc.1",
    "2.0.0-rc.2",
    "2.0.0-rc.10",
    "2.0.0",
    "2.0.1",
    "2.1",
    "10.0",
]


def test_versions_have_an_order():
    """Numbers count by value, and a candidate comes before its release."""
    for index, version in enumerate(ORDERED):
        assert [is_older(other, version) for other in ORDERED] == [place < index for place in range(len(ORDERED))]


@pytest.mark.parametrize(("one", "other"), [("2.0", "2.0.0"), ("2.0.0+a", "2.0.0+b"), ("2", "2.0.0+1")])
def test_some_versions_are_equal(one, other):
    """Trailing zeros and build numbers do not make a version older or newer."""
    assert not is_older(one, other)
    assert not is_older(other, one)


def test_near_names_come_nearest_first():
    """Only names that could have been meant are given, in order of likeness."""
    known = ["contact-center-1.0", "contact-center-2.0", "billing-3.1"]
    assert nearest("contact-centre-2.0", known) == ("contact-center-2.0", "contact-center-1.0")
    assert nearest("x", known) == ()
    assert nearest("x" * 1_000_000, known) == ()


def test_both_languages_say_the_same_with_the_same_facts():
    """Every text of this area exists in both languages with the same placeholders, and no other fact is needed."""
    english, korean = (
        {
            key: set(re.findall(r"{(\w+)}", value))
            for key, value in catalogue(locale).items()
            if key.startswith("release.")
        }
        for locale in ("en", "ko")
    )
    assert english == korean


def test_every_text_that_can_be_asked_for_exists():
    """No problem can be found for which there are no words, and no text waits for a problem that cannot be."""
    folders = ("release", "migration")  # a mapping file is read by the manifest's reader
    code = "".join(path.read_text() for part in folders for path in (ROOT / "include/golive" / part).glob("*.py"))
    known = {key.removeprefix("release.") for key in catalogue("en") if key.startswith("release.")}
    assert {*HINTS.values(), *_KEYS.values()} <= known
    assert [key for key in known if f'"{key}"' not in code and f"release.{key}" not in code] == []
