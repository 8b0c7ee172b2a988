"""How commands print: text that others wrote made harmless, tables, JSON, local time."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import category

import click

_DIGEST = re.compile(r"sha256:([0-9a-f]{12})[0-9a-f]{52}\b")

WIDE = 4096
"""Columns where nobody looks: a pipe or a file gets whole lines, never cut ones."""


def plain(words: object) -> str:
    """One line that a terminal only shows: control, bidirectional and other invisible characters are escaped."""
    return "".join(_escaped(letter) if category(letter)[0] in "CZ" else letter for letter in str(words))


def _escaped(letter: str) -> str:
    return letter if letter == " " else letter.encode("unicode_escape").decode("ascii")


def local(moment: datetime) -> str:
    """``2026-01-31 22:00:00+09:00``, in the terminal's time zone."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def shorten(words: str) -> str:
    """The first twelve digits of every digest in a text."""
    return _DIGEST.sub(r"\1", words)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json))


def print_json_line(value: Mapping[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=_as_json))


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Aligned columns; on a terminal they fold within its width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
