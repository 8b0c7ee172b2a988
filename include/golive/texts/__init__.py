"""Catalogues of user-facing text: ``texts/<locale>/<area>.toml``, one table of ``key = "text"`` each.

Placeholders are ``{name}``; a missing one is an error, since a message without its fact is useless.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LOCALES = ("ko", "en")


@cache
def catalogue(locale: str) -> dict[str, str]:
    """All texts of one locale, keyed ``area.name``. Raises ``KeyError`` for an unknown locale."""
    if locale not in LOCALES:
        raise KeyError(locale)
    texts: dict[str, str] = {}
    for file in sorted((files(__package__) / locale).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            area = file.name.removesuffix(".toml")
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            texts.update({f"{area}.{name}": value for name, value in table.items()})
    return texts


def text(key: str, locale: str, **data: Any) -> str:
    """The text ``key`` in ``locale`` with its placeholders filled. Raises ``KeyError`` when either is missing."""
    return catalogue(locale)[key].format_map(data)
