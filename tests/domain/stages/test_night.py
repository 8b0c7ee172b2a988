"""Two o'clock at night by the environment's clocks, and which environments are due by the ledger."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from golive.ledger.events import Event
from golive.stages.health import SUMMARISED, is_due
from golive.stages.live import LIVE, WITHDRAWN
from golive.stages.night import last_night, two_oclock

SEOUL = ZoneInfo("Asia/Seoul")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def events(*rows: tuple[str, str]) -> Sequence[Event]:
    """An environment's events: kind and local time in Seoul."""
    return [
        Event("environment/test", number, kind, {"release": "a"}, "golive", at(f"{when}+09:00"), "")
        for number, (kind, when) in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Asia/Seoul", "2026-03-01", "2026-03-01T02:00+09:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T03:00-04:00"),  # 02:00 does not exist
        ("Europe/Berlin", "2026-10-25", "2026-10-25T02:00+02:00"),  # 02:00 comes twice
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-04T02:30+11:00"),  # a gap of half an hour
        ("Pacific/Apia", "2011-12-30", "2011-12-31T00:00+14:00"),  # a day that does not exist
        ("America/St_Johns", "2006-04-02", "2006-04-02T02:00-02:30"),  # clocks jumped at 00:01
    ],
)
def test_two_oclock_is_one_instant_of_every_day(zone: str, day: str, instant: str) -> None:
    """After a gap its end, of two the first; a second before, clocks show less."""
    night = two_oclock(ZoneInfo(zone), date.fromisoformat(day))
    assert night == at(instant)
    assert last_night(ZoneInfo(zone), night) == night
    assert last_night(ZoneInfo(zone), night - timedelta(seconds=1)) < night


def test_every_night_of_a_year_is_met_once() -> None:
    """Asked every half hour for a year, each zone has had 365 nights, a day apart but for the change of clocks."""
    for name in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe"):
        start = datetime(2026, 1, 1, 12, tzinfo=UTC)
        nights = sorted({last_night(ZoneInfo(name), start + timedelta(minutes=30 * n)) for n in range(365 * 48)})
        assert len(nights) in (365, 366)
        gaps = {(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(nights)}
        assert gaps <= {23.0, 23.5, 24.0, 24.5, 25.0}


def test_a_night_is_due_until_it_was_looked_at_to_the_end() -> None:
    """Also hours later; a run that recorded no summary does not count, nor one of the day before."""
    rows = [(LIVE, "2026-03-01T12:00"), (SUMMARISED, "2026-03-02T02:05"), ("health.recorded", "2026-03-03T02:01")]
    assert not is_due(events(*rows), SEOUL, at("2026-03-03T01:59+09:00"))
    for now in ("2026-03-03T02:00", "2026-03-03T15:00"):
        assert is_due(events(*rows), SEOUL, at(f"{now}+09:00"))
    assert not is_due(events(*rows, (SUMMARISED, "2026-03-03T15:05")), SEOUL, at("2026-03-04T01:30+09:00"))


def test_what_served_nothing_at_night_is_not_due() -> None:
    """Live since this morning, or taken back since."""
    assert not is_due(events((LIVE, "2026-03-02T09:00")), SEOUL, at("2026-03-02T10:00+09:00"))
    gone = events((LIVE, "2026-03-01T09:00"), (WITHDRAWN, "2026-03-01T10:00"))
    assert not is_due(gone, SEOUL, at("2026-03-02T10:00+09:00"))
