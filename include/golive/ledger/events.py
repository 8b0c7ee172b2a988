"""Events as values: what is appended, and what comes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class NewEvent:
    """An event on its way in. ``data`` is JSON without floats; ``actor`` a person's id or ``golive``."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    actor: str = "golive"


@dataclass(frozen=True)
class Event:
    """An event of a stream. ``sequence`` counts from 1 without gaps; ``at`` is the database's clock (UTC)."""

    stream: str
    sequence: int
    kind: str
    data: Mapping[str, Any]
    actor: str
    at: datetime
    digest: str


Decide = Callable[[Sequence[Event], datetime], Sequence[NewEvent]]
"""Given all events of a stream and the database's time, the events to append (none is a fine answer).

Called with the stream's head locked, so what it reads cannot change before what it says is written.
It may raise: then nothing is appended.
"""


def release_stream(release: str) -> str:
    return f"release/{release}"


def environment_stream(environment: str) -> str:
    return f"environment/{environment}"


ORGANIZATION = "organization"
