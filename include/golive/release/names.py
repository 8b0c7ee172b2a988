"""Names that could have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """At most ``count`` of ``names`` that look like ``name``, the nearest first; empty when none does."""
    return tuple(get_close_matches(name[:100], sorted(names), n=count, cutoff=0.6))


def best(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that was most likely meant, or None."""
    return next(iter(nearest(name, names, 1)), None)
