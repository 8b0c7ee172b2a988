"""Phases, support hours, duty, reports and meetings, in Seoul and where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from golive.hypercare.duties import dues
from golive.hypercare.hours import boundaries, deadline, on_duty, phase_at
from golive.hypercare.meetings import meetings
from golive.release.moments import first_showing
from tests.domain.hypercare.stage import GO_LIVE, SEOUL, Stage, kinds, plan_of


def seoul(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL).astimezone(UTC)


def test_phases_follow_each_other_by_whole_weeks() -> None:
    """Two weeks round the clock, two in business hours, eight extended, and on for as long as it is extended."""
    plan = plan_of()
    assert [(end - GO_LIVE).days for end in boundaries(plan, GO_LIVE)] == [14, 28, 84]
    found = [phase_at(plan, GO_LIVE, GO_LIVE + timedelta(days=day)).support for day in (0, 13, 14, 27, 28, 83, 200)]
    assert found == ["always", "always", "business", "business", "weekly", "weekly", "weekly"]


@pytest.mark.parametrize(
    ("since", "minutes", "wall", "due"),
    [
        ("2026-03-14T23:00", 60, False, "2026-03-15T00:00"),  # round the clock, a Saturday night
        ("2026-03-23T17:30", 60, False, "2026-03-24T09:30"),  # business hours: the next morning
        ("2026-03-27T17:30", 60, False, "2026-03-30T09:30"),  # over the weekend
        ("2026-03-27T20:00", 0, False, "2026-03-30T09:00"),  # in the evening: when they open
        ("2026-04-30T17:59", 2, False, "2026-05-04T09:01"),  # over a holiday, 1 May
        ("2026-03-23T08:00", 120, False, "2026-03-23T10:00"),  # from one phase into the next, at nine
        ("2026-03-28T03:00", 15, True, "2026-03-28T03:15"),  # a P1 waits for nobody
    ],
)
def test_time_is_counted_when_support_works(since: str, minutes: int, wall: bool, due: str) -> None:
    """A deadline lies where so many minutes of support have passed; nights, weekends and holidays pass by."""
    assert deadline(plan_of(), GO_LIVE, seoul(since), minutes, wall) == seoul(due)


def test_support_hours_follow_the_wall_when_clocks_change() -> None:
    """In Berlin, business hours begin at nine before and after summer time; round the clock counts real hours."""
    plan, zone = plan_of("Europe/Berlin"), ZoneInfo("Europe/Berlin")
    start = first_showing(zone, date(2026, 3, 9), time(9))
    friday = datetime(2026, 3, 27, 17, 30, tzinfo=zone).astimezone(UTC)
    assert deadline(plan, start, friday, 60, False) == datetime(2026, 3, 30, 9, 30, tzinfo=zone)
    assert friday + timedelta(hours=63) == deadline(plan, start, friday, 60, False)
    assert boundaries(plan, start)[-1].astimezone(zone).isoformat() == "2026-06-01T09:00:00+02:00"


def test_a_report_at_an_hour_that_clocks_skip_or_repeat_is_due_once() -> None:
    """Each local day has one 18:00, whichever way clocks went that day."""
    zone = ZoneInfo("Europe/Berlin")
    found = [moment.astimezone(zone) for moment in dues(zone, "daily", datetime(2026, 3, 31, tzinfo=UTC))]
    assert {moment.hour for moment in found} == {18}
    assert len({moment.date() for moment in found}) == len(found)


def test_the_roster_takes_turns() -> None:
    """Each eight hours of local time another person is called; a role without a roster is all who hold it."""
    plan = plan_of()
    found = [on_duty(plan, GO_LIVE, "operator", seoul(f"2026-03-10T{hour:02}:00"))[0] for hour in (0, 7, 8, 16)]
    assert found == ["park.infra", "park.infra", "lee.operator", "park.infra"]
    assert on_duty(plan, GO_LIVE, "operations_lead", GO_LIVE) == ("han.lead",)


def test_reports_come_due_once() -> None:
    """Daily at 18:00, on Friday the weekly one, on the month's last Friday the monthly one; no look makes one twice."""
    stage = Stage()
    told = [event for event in stage.looks(24 * 19) if event.kind == "report.made"]
    assert [event.data["report"] for event in told].count("daily") == 19
    weekly = [event.data["due"] for event in told if event.data["report"] == "weekly"]
    assert [due[:10] for due in weekly] == ["2026-03-13", "2026-03-20", "2026-03-27"]
    (monthly,) = [event for event in told if event.data["report"] == "monthly"]
    assert monthly.data["due"] == seoul("2026-03-27T15:00").isoformat()
    assert monthly.data["recipients"] == ["jung.owner", "kim.release"]
    assert told[0].at == seoul("2026-03-09T18:00")


def test_a_report_that_was_missed_is_made_up_once() -> None:
    """After three days without a look, one daily report is made, and says how many before it were not."""
    stage = Stage()
    stage.looks(10)
    stage.wait(days=3)
    told = [event.data for event in stage.look() if event.kind == "report.made"]
    assert [(data["report"], data["missed"]) for data in told] == [("daily", 2)]
    assert "report.made" not in kinds(stage.look())


def test_a_clock_that_jumps_makes_no_second_report() -> None:
    """A look at a wrong hour makes what was due then; back in time, each day has its report when it is due."""
    stage = Stage()
    stage.looks(24)
    stage.wait(days=10)
    stage.look()
    stage.wait(days=-10)
    told = [event.data for event in stage.looks(24 * 12) if event.kind == "report.made"]
    daily = [data["due"] for data in told if data["report"] == "daily"]
    assert len(daily) == len(set(daily)) == 12


def test_a_clock_that_jumps_back_neither_heals_nor_escalates() -> None:
    """No time is ever negative: nothing is late, nothing is well, and values from what was the future are unknown."""
    stage = Stage()
    stage.look(availability="0")
    stage.wait(days=-1)
    assert stage.look() == []
    stage.wait(days=1, minutes=15)
    assert "incident.closed" not in kinds(stage.look())
    stage.wait(minutes=15)
    assert "incident.closed" in kinds(stage.look())


def test_a_clock_that_jumps_ahead_calls_every_level_once() -> None:
    """After a day nobody saw, all levels are called at the next look, and not again."""
    stage = Stage()
    stage.look(availability="0")
    stage.wait(days=1)
    told = stage.look(availability="0")
    assert [event.data["level"] for event in told if event.kind == "incident.escalated"] == [2, 3, 4, 5]
    assert "incident.escalated" not in kinds(stage.looks(1, availability="0"))


def test_meetings_are_held_on_their_days() -> None:
    """Stand-ups daily, then on business days; the check on Tuesday; what falls on a holiday is held the day before."""
    plan = plan_of()
    found = meetings(plan, GO_LIVE)
    at = {
        name: [m.starts.astimezone(SEOUL) for m in found if m.name == name]
        for name in ("standup", "tuesday", "visit", "friday", "monthly")
    }
    assert [moment.strftime("%a %H:%M") for moment in at["standup"][:7]][5:] == ["Sun 09:00", "Mon 09:00"]
    assert {moment.strftime("%a") for moment in at["standup"][14:]} == {"Mon", "Tue", "Wed", "Thu", "Fri"}
    assert at["tuesday"][0].isoformat() == "2026-04-07T10:00:00+09:00"
    assert len(at["tuesday"]) == 8
    assert [(b - a).days for a, b in zip(at["visit"], at["visit"][1:], strict=False)] == [14, 14, 14]
    moved = next(m for m in found if m.moved_from == date(2026, 5, 1))
    assert (moved.name, moved.starts.astimezone(SEOUL).date()) == ("friday", date(2026, 4, 30))
    assert [moment.date().isoformat() for moment in at["monthly"]] == ["2026-03-27", "2026-04-24", "2026-05-29"]
