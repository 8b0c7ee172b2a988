"""When effects may happen: windows in an environment's local time, read so that a clock change never widens them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from golive.release.preparation import Window

if TYPE_CHECKING:
    from golive.release.manifest import Manifest


def bounds(window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant inside a window and the first after it, both UTC.

    A local time that happens twice, or never, when clocks change could mean two instants: a window opens at the
    later of them and closes at the earlier.
    """
    return max(_instants(window.opens, zone)), min(_instants(window.closes, zone))


def is_open(manifest: "Manifest", environment: str, stage: str, zone: ZoneInfo, now: datetime) -> bool:
    """Whether effects of a stage may happen at ``now`` (aware). Without a window for it, they always may."""
    windows = list(windows_of(manifest, environment, stage))
    return not windows or any(start <= now < end for start, end in (bounds(window, zone) for window in windows))


def next_opening(manifest: "Manifest", environment: str, stage: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The next instant (UTC) at which a window of a stage opens; None when none will."""
    starts = (bounds(window, zone) for window in windows_of(manifest, environment, stage))
    return min((start for start, end in starts if now < start < end), default=None)


def windows_of(manifest: "Manifest", environment: str, stage: str) -> Iterator[Window]:
    """The windows that are named for a stage of an environment."""
    return (item for item in manifest.windows if item.environment == environment and stage in item.stages)


def _instants(moment: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    local = datetime.fromisoformat(moment).replace(tzinfo=zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)
