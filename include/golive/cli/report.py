"""What went wrong, said on standard error in the chosen language: what happened, then what to do."""

from collections.abc import Callable, Iterable

import click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

from golive.errors import GoliveError
from golive.release.names import nearest
from golive.texts import text

USAGE, INTERRUPTED = 64, 130
"""Exit codes beside those of ``golive.errors``: as in sysexits.h, and 128 + SIGINT."""


def report(error: GoliveError | click.UsageError | KeyboardInterrupt, locale: str) -> int:
    """Prints what happened and gives the exit code."""
    if isinstance(error, KeyboardInterrupt):
        _print(text("cli.interrupted", locale))
        return INTERRUPTED
    if isinstance(error, GoliveError):
        _print(error.message(locale))
        return error.exit_code
    if isinstance(error, NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return USAGE
    _print(_usage(error, locale))
    path = error.ctx.command_path if error.ctx else "golive"
    click.echo(text("cli.usage_try", locale, command=path), err=True)
    return USAGE


def _print(message: str) -> None:
    click.echo(f"golive: {message}".rstrip(), err=True)


def _usage(error: click.UsageError, locale: str) -> str:
    for kind, said in _SAID.items():
        if isinstance(error, kind):
            return said(error, locale)
    return text("cli.usage_other", locale, why=error.format_message())


def _no_command(error: NoSuchCommand, locale: str) -> str:
    group = error.ctx.command if error.ctx else None
    known = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx else []
    return text("cli.usage_no_command", locale, name=error.command_name, meant=meant(error.command_name, known, locale))


def _no_option(error: click.NoSuchOption, locale: str) -> str:
    close = meant(error.option_name, error.possibilities or (), locale)
    return text("cli.usage_no_option", locale, name=error.option_name, meant=close)


def _missing(error: click.MissingParameter, locale: str) -> str:
    return text("cli.usage_missing", locale, name=_parameter(error))


def _bad(error: click.BadParameter, locale: str) -> str:
    return text("cli.usage_bad_value", locale, name=_parameter(error), why=error.message)


def _parameter(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "-")
    return error.param.opts[-1] if isinstance(error.param, click.Option) else error.param.make_metavar(_context(error))


def _context(error: click.UsageError) -> click.Context:
    return error.ctx or click.Context(click.Command("golive"))


_SAID: dict[type[click.UsageError], Callable[..., str]] = {
    NoSuchCommand: _no_command,
    click.NoSuchOption: _no_option,
    click.MissingParameter: _missing,
    click.BadParameter: _bad,
}


def meant(name: str, known: Iterable[str], locale: str) -> str:
    """``Did you mean …? ``, with the space behind it; empty when nothing looks like ``name``."""
    close = nearest(name, known)
    return text("stages.meant", locale, names=", ".join(close)) if close else ""
