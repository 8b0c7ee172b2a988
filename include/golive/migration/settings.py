"""What a migration is about, as one value that every step of the engine takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal

from golive.canonical import Digest
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow

Capture = Literal["triggers", "pgoutput", "frozen"]
"""How changes on the source are known; ``frozen`` means that it takes no writes until the hand-over."""


@dataclass(frozen=True)
class Limits:
    """How hard both sides may be pressed, and when. ``active_sessions`` are the source's, beyond ours; ``lag_bytes`` is
    how far a replica of either side may stay behind; 0: any. ``hours`` are a daily window of the bulk load (it may
    cross midnight) in ``timezone``; behind ``until`` no chunk is begun."""

    workers: int = 2
    chunk_bytes: int = 64 * 1024 * 1024
    active_sessions: int = 0
    lag_bytes: int = 0
    hours: tuple[time, time] | None = None
    timezone: str = "UTC"
    until: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """How far one flow is: what is committed on the target, of what was planned.

    ``rate`` is bytes per second and ``left`` the seconds left, of the whole step in this run (None: not known yet);
    ``note`` says why the step waits, "" when it does not.
    """

    flow: str
    step: str
    rows: int
    bytes: int
    chunks_done: int
    chunks: int
    seconds: float
    rate: int = 0
    left: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Migration:
    """``name`` tells migrations into one target apart (a slug); ``digest`` is the mapping's; ``token`` the fencing
    token under which we work; ``report`` is told of progress and must return at once."""

    name: str
    source: Endpoint
    target: Endpoint
    flows: tuple[Flow, ...]
    digest: Digest
    token: int = 0
    capture: Capture = "triggers"
    limits: Limits = field(default_factory=Limits)
    report: Callable[[Progress], None] = field(default=lambda _progress: None)
