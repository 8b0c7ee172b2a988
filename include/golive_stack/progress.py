"""What a long command is doing: a live line on a terminal, plain lines elsewhere; always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Say = Callable[[str], None]


@contextmanager
def progress(title: str) -> Iterator[Say]:
    """A ``say`` that prints each line with the seconds since the beginning. Safe to call from threads."""
    console = Console(stderr=True, highlight=False)
    begun = time.monotonic()

    def say(line: str) -> None:
        seconds = time.monotonic() - begun
        console.print(f"{seconds:6.1f} s  {line}", markup=False, soft_wrap=True)

    if sys.stderr.isatty():
        with console.status(f"{title} …"):
            yield say
    else:
        yield say
    say(f"{title}: done")
