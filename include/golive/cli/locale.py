"""Which language a command speaks: ``--locale``, else ``GOLIVE_LOCALE``, else the terminal's."""

import os
from collections.abc import Mapping

import click

from golive.texts import LOCALES, text

_CHOSEN = "golive.locale"


def say(key: str, context: click.Context | None = None, /, **data: object) -> str:
    """The text ``cli.<key>`` in the language of the command that runs."""
    return text(f"cli.{key}", locale_of(context), **data)


def locale_of(context: click.Context | None = None) -> str:
    """``ko`` or ``en``."""
    found = context or click.get_current_context(silent=True)
    chosen = found.meta.get(_CHOSEN) if found else None
    return str(chosen) if chosen else default_locale(os.environ)


def default_locale(environ: Mapping[str, str]) -> str:
    """The language that an environment asks for; English when it asks for one that we do not speak."""
    for name in ("GOLIVE_LOCALE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := environ.get(name):
            return "ko" if wanted.startswith("ko") else "en"
    return "en"


def locale_option(envvar: str | None = None) -> click.Option:
    """``--locale``, accepted before and after the command's name."""
    return click.Option(
        ["--locale"],
        type=click.Choice(LOCALES),
        envvar=envvar,
        is_eager=True,
        expose_value=False,
        callback=_remember,
    )


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        context.meta[_CHOSEN] = value
