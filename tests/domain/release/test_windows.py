from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golive.release.preparation import Window
from golive.release.windows import bounds, is_open, next_opening
from tests.domain.release.example import manifest

NEW_YORK = ZoneInfo("America/New_York")
SEOUL = ZoneInfo("Asia/Seoul")
RELEASE = manifest()


def window(opens, closes):
    return Window(environment="production", stages=("cutover",), opens=opens, closes=closes)


@pytest.mark.parametrize(
    ("opens", "closes", "start", "end"),
    [
        ("2026-03-07T22:00:00", "2026-03-08T06:00:00", "2026-03-08T03:00", "2026-03-08T10:00"),
        ("2026-03-08T02:30:00", "2026-03-08T06:00:00", "2026-03-08T07:30", "2026-03-08T10:00"),
        ("2026-03-07T22:00:00", "2026-03-08T02:30:00", "2026-03-08T03:00", "2026-03-08T06:30"),
        ("2026-11-01T01:30:00", "2026-11-01T06:00:00", "2026-11-01T06:30", "2026-11-01T11:00"),
        ("2026-10-31T22:00:00", "2026-11-01T01:30:00", "2026-11-01T02:00", "2026-11-01T05:30"),
    ],
    ids=["around the gap", "opens in the gap", "closes in the gap", "opens in the overlap", "closes in the overlap"],
)
def test_a_clock_change_never_widens_a_window(opens, closes, start, end):
    """A local time that happens twice or never is read the narrow way."""
    expected = tuple(datetime.fromisoformat(item).replace(tzinfo=UTC) for item in (start, end))
    assert bounds(window(opens, closes), NEW_YORK) == expected


def test_a_window_holds_its_start_and_not_its_end():
    """The first instant is inside, the last is not."""
    start = datetime(2025, 12, 31, 15, tzinfo=UTC)
    end = datetime(2027, 12, 31, 14, 59, tzinfo=UTC)
    moments = (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end)
    asked = [is_open(RELEASE, "production", "cutover", SEOUL, moment) for moment in moments]
    assert asked == [False, True, True, False]


def test_a_stage_without_a_window_is_always_open():
    """Windows bind only the stages and environments that they name."""
    long_ago = datetime(1999, 1, 1, tzinfo=UTC)
    assert is_open(RELEASE, "production", "install", SEOUL, long_ago)
    assert is_open(RELEASE, "test", "cutover", SEOUL, long_ago)
    assert not is_open(RELEASE, "production", "cutover", SEOUL, long_ago)


def test_the_next_opening_is_told_until_there_is_none():
    """Before a window its start is told; afterwards there is nothing to wait for."""
    opening = next_opening(RELEASE, "production", "cutover", SEOUL, datetime(2025, 1, 1, tzinfo=UTC))
    assert opening == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert next_opening(RELEASE, "production", "cutover", SEOUL, datetime(2028, 1, 1, tzinfo=UTC)) is None


@settings(deadline=None)
@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")),
    st.timedeltas(timedelta(seconds=1), timedelta(days=2)),
)
def test_a_window_is_never_longer_than_it_says_by_more_than_a_clock_change(opens, length):
    """For any window its real length exceeds the written one by at most the hour that a clock is set back."""
    opens = opens.replace(microsecond=0)
    closes = (opens + length).replace(microsecond=0)
    if closes > opens:
        start, end = bounds(window(opens.isoformat(), closes.isoformat()), NEW_YORK)
        assert end - start <= closes - opens + timedelta(hours=1)
