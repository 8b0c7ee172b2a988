"""Commands whose help comes from the catalogue: what it is for, an example, the options, the exit codes."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from golive.cli.locale import locale_of, locale_option, say
from golive.cli.report import USAGE, report
from golive.errors import GoliveError
from golive.texts import catalogue


class Taught(click.Command):
    """A command whose help is ``cli.<name>_help``; ``codes`` are the exit codes that it documents."""

    def __init__(self, *args: Any, codes: tuple[int, ...] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.codes = codes
        self.params.append(locale_option())

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, say("heading_usage", ctx) + " ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Written as it stands: click would wrap by characters, and Korean ones are twice as wide.
        lines = say(f"{_name(ctx)}_help", ctx).splitlines()
        formatter.write("\n" + "\n".join(f"  {line}".rstrip() for line in lines) + "\n")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Arguments are told in the text."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        texts = catalogue(locale_of(ctx))
        rows = [
            (record[0], texts.get(f"cli.option_{_option(parameter)}", record[1]))
            for parameter in self.get_params(ctx)
            if (record := parameter.get_help_record(ctx)) and isinstance(parameter, click.Option)
        ]
        _section(formatter, say("heading_options", ctx), rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(str(code), say(f"exit_{code}", ctx)) for code in self.codes]
        _section(formatter, say("heading_exit", ctx), rows)


class TaughtGroup(Taught, click.Group):
    """Commands under one name. Those named in ``lazy`` (name → ``module:attribute``) are loaded when they are used."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are used, not that of the alphabet."""
        return list(dict.fromkeys((*self.lazy, *self.commands)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy or cmd_name in self.commands:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.lazy[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        texts = catalogue(locale_of(ctx))
        prefix = "".join(f"{word}_" for word in ctx.command_path.split()[1:])
        rows = []
        for name in self.list_commands(ctx):
            own = self.commands[name].get_short_help_str() if name in self.commands else ""
            rows.append((name, texts.get(f"cli.{prefix}{name}_summary", own)))
        _section(formatter, say("heading_commands", ctx), rows)
        super().format_options(ctx, formatter)


class Root(TaughtGroup):
    """``golive`` itself: says every error in the chosen language, and ends with the error's exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            report(error, locale_of(ctx))
            ctx.exit(USAGE)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (GoliveError, click.UsageError, KeyboardInterrupt) as error:
            ctx.exit(report(error, locale_of(ctx)))


def _name(ctx: click.Context) -> str:
    return "_".join(ctx.command_path.split()[1:]) or "golive"


def _option(parameter: click.Parameter) -> str | None:
    return "help" if "--help" in parameter.opts else parameter.name


def _section(formatter: click.HelpFormatter, heading: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows)
