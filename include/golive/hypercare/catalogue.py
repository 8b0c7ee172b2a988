"""The catalogue of what is measured, of when hypercare may end, and of how soon incidents are answered: data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from golive.hypercare.values import Condition, Measure


@dataclass(frozen=True)
class Clocks:
    """Minutes until each of what must have happened to an incident of a priority; ``update`` is the pause between."""

    around_the_clock: bool
    highest: int
    notice: int
    acknowledge: int
    analysis: int
    workaround: int
    resolution: int
    update: int


@cache
def measures() -> Mapping[str, Measure]:
    """The 24 KPIs and the measures that the success criteria add, by name, in the plan's order."""
    return {name: Measure(name, **row) for name, row in _table("measures").items()}


@cache
def conditions() -> Mapping[str, Condition]:
    """The 32 success criteria and conditions, by name, in the plan's order."""
    return {
        name: Condition(name, **{**row, "of": tuple(row.get("of", ()))}) for name, row in _table("conditions").items()
    }


@cache
def clocks() -> Mapping[str, Clocks]:
    """How soon incidents are answered, by priority."""
    return {name: Clocks(**row) for name, row in _table("priorities").items()}


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))
