"""What a long command is doing: a live line on a terminal, plain lines elsewhere; always on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def doing(line: str) -> Iterator[None]:
    """Shows ``line`` while the block runs."""
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        yield
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status(line):
        yield
