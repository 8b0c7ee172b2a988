"""What clocks on a wall show, and which instants that means, also on the days when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def first_showing(zone: ZoneInfo, day: date, wall: time) -> datetime:
    """The first instant, in UTC, at which clocks show ``wall`` or later on ``day``: where it does not exist, the end of
    the gap; where it comes twice, the first of them."""
    shown = datetime.combine(day, wall, zone)
    before, after = shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
    if before <= after:
        return before
    # In a gap the two readings lie around the moment at which clocks jump: it is the first one that shows it or later.
    while before - after > timedelta(seconds=1):
        middle = after + (before - after) / 2
        if middle.astimezone(zone).replace(tzinfo=None) >= shown.replace(tzinfo=None):
            before = middle
        else:
            after = middle
    return before.replace(microsecond=0)
