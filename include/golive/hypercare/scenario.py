"""What a simulation plays: breaches, silent sources, jumps of the clock, absent people; written down or seeded."""

import tomllib
from datetime import datetime, timedelta
from random import Random
from typing import Annotated, Any

from pydantic import Field, ValidationError

from golive.hypercare.errors import ScenarioInvalid
from golive.release.base import Model
from golive.release.shapes import Count, Moment, Name, Text

_WORDS = {
    "availability": ("0", "75", "98.5"),
    "error_rate": ("3.2", "12", "64"),
    "response_time": ("2600", "4800", "25000"),
}
"""What goes wrong in a seeded scenario, from slightly to utterly."""


class Trouble(Model):
    """From ``at`` (local), ``measure`` has ``value`` for ``minutes``; people then take ``response_minutes``."""

    at: Moment
    measure: Name
    value: Text
    minutes: Annotated[int, Field(ge=1, le=43_200)]
    response_minutes: Count | None = None


class Silence(Model):
    """From ``at``, nobody looks for ``minutes``: no scheduler, no probe, no report."""

    at: Moment
    minutes: Annotated[int, Field(ge=1, le=43_200)]


class Jump(Model):
    """At ``at``, the clock jumps by ``minutes``, backward when negative."""

    at: Moment
    minutes: Annotated[int, Field(ge=-43_200, le=43_200)]


class Downtime(Model):
    """An interruption announced a day before ``at``."""

    at: Moment
    minutes: Annotated[int, Field(ge=1, le=1_440)]
    reason: Text


class Change(Model):
    """A change of the running system that nobody planned."""

    at: Moment
    what: Text


class Scenario(Model):
    """``go_live`` is local. ``response_minutes``: how long people on duty take. ``withheld``: what nobody attests."""

    go_live: Moment
    look_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    response_minutes: Count = 8
    trouble: tuple[Trouble, ...] = ()
    silence: tuple[Silence, ...] = ()
    jump: tuple[Jump, ...] = ()
    downtime: tuple[Downtime, ...] = ()
    change: tuple[Change, ...] = ()
    withheld: tuple[Name, ...] = ()


def parse_scenario(text: str, source: str) -> Scenario:
    """A scenario in TOML. Raises ``ScenarioInvalid`` with the first problem."""
    try:
        return Scenario.model_validate(_tupled(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioInvalid(source=source, why=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ScenarioInvalid(source=source, why=f"{place}: {first['msg']}") from error


def _tupled(value: Any) -> Any:
    """TOML's lists as the tuples that strict models take."""
    if isinstance(value, dict):
        return {key: _tupled(item) for key, item in value.items()}
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


def seeded(seed: int, go_live: str, weeks: int) -> Scenario:
    """A scenario by chance, the same for the same seed: troubles that grow rarer, a time without looks, a change."""
    chance = Random(seed)  # noqa: S311 -- a scenario is no secret
    start = datetime.fromisoformat(go_live)
    troubles = [_trouble(chance, start, week) for week in range(1, weeks) if chance.random() < 1 / week**0.5]
    return Scenario(
        go_live=go_live,
        trouble=tuple(troubles),
        silence=(Silence(at=_at(chance, start, 2), minutes=chance.choice((90, 240, 1500))),),
        downtime=(Downtime(at=_at(chance, start, 5), minutes=60, reason="정기 점검 · maintenance"),),
        change=(Change(at=_at(chance, start, 3), what="긴급 설정 변경 · urgent setting"),),
    )


def _trouble(chance: Random, start: datetime, week: int) -> Trouble:
    measure = chance.choice(sorted(_WORDS))
    minutes = chance.choice((20, 45, 120, 400))
    return Trouble(at=_at(chance, start, week), measure=measure, value=chance.choice(_WORDS[measure]), minutes=minutes)


def _at(chance: Random, start: datetime, week: int) -> str:
    moment = start + timedelta(weeks=week - 1, minutes=chance.randrange(1, 7 * 24 * 60))
    return moment.replace(second=0).isoformat()
