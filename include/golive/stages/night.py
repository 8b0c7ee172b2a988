"""When it is night: two o'clock in an environment's own time zone, also on the days when clocks change."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from golive.release.moments import first_showing

NIGHT = time(2)


def last_night(zone: ZoneInfo, now: datetime) -> datetime:
    """The latest two o'clock that has come, in UTC. ``now`` is aware."""
    today = now.astimezone(zone).date()
    nights = (two_oclock(zone, today - timedelta(days=days)) for days in range(3))
    return next(night for night in nights if night <= now)


def two_oclock(zone: ZoneInfo, day: date) -> datetime:
    """The first instant, in UTC, at which clocks show two or later on ``day``."""
    return first_showing(zone, day, NIGHT)
