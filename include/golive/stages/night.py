"""When it is night: two o'clock in an environment's own time zone, also on the days when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NIGHT = time(2)


def last_night(zone: ZoneInfo, now: datetime) -> datetime:
    """The latest two o'clock that has come, in UTC. ``now`` is aware."""
    today = now.astimezone(zone).date()
    nights = (two_oclock(zone, today - timedelta(days=days)) for days in range(3))
    return next(night for night in nights if night <= now)


def two_oclock(zone: ZoneInfo, day: date) -> datetime:
    """The first instant, in UTC, at which clocks show two or later on ``day``: where two does not exist, the end of the
    gap; where it comes twice, the first of them."""
    wall = datetime.combine(day, NIGHT, zone)
    before, after = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if before <= after:
        return before
    # In a gap the two readings lie around the moment at which clocks jump: it is the first one that shows two or later.
    while before - after > timedelta(seconds=1):
        middle = after + (before - after) / 2
        if middle.astimezone(zone).replace(tzinfo=None) >= wall.replace(tzinfo=None):
            before = middle
        else:
            after = middle
    return before.replace(microsecond=0)
