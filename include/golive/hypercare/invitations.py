"""The plan's meetings as a calendar file, in the reader's language."""

from datetime import datetime

from golive.hypercare.ics import Entry, calendar
from golive.hypercare.meetings import Meeting, meetings
from golive.hypercare.plan import CarePlan
from golive.texts import text


def invitations(plan: CarePlan, start: datetime, locale: str, stamp: datetime) -> tuple[bytes, int]:
    """The iCalendar file of a go-live at ``start``, made at ``stamp``, and how many entries it has."""
    entries = [_entry(plan, meeting, locale) for meeting in meetings(plan, start)]
    name = text("hypercare.calendar_name", locale, release=plan.release)
    return calendar(entries, name=name, stamp=stamp), len(entries)


def _entry(plan: CarePlan, meeting: Meeting, locale: str) -> Entry:
    day = meeting.moved_from or meeting.starts.astimezone(plan.zone).date()
    moved = text("hypercare.meeting_moved", locale, day=day.isoformat()) if meeting.moved_from else ""
    title = text(f"hypercare.meeting_{meeting.name}", locale)
    uid = f"{plan.release}-{meeting.name}-{day.isoformat()}@golive"
    return Entry(uid, meeting.starts, meeting.minutes, f"{title}: {plan.release}", moved)
