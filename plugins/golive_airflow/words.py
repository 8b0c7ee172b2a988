"""What a person reads in Airflow, in Korean and English at once: Airflow has one text for all its readers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from golive.errors import GoliveError
from golive.texts import text

log = logging.getLogger(__name__)


def both(name: str, separator: str = "\n\n", **data: Any) -> str:
    """The edge's text ``name`` in both languages."""
    return separator.join(text(f"edge.{name}", locale, **data) for locale in ("ko", "en"))


def label(name: str) -> str:
    """A short text in both languages on one line."""
    return both(name, " · ")


@contextmanager
def explained() -> Iterator[None]:
    """Says in both languages what went wrong before the error goes on."""
    try:
        yield
    except GoliveError as error:
        log.error("%s", "\n".join(error.message(locale) for locale in ("ko", "en")))
        raise
