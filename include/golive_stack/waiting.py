"""Waiting for a process to be ready, with a failure that quotes its log."""

import time
from collections.abc import Callable
from threading import Event

from golive_stack.errors import NotReady, ProcessDied
from golive_stack.files import tail
from golive_stack.home import Home
from golive_stack.processes import Record, alive


def wait_ready(
    home: Home, record: Record, ready: Callable[[], str], seconds: float, given_up: Event | None = None
) -> None:
    """Until ``ready()`` is empty; else it says what is missing. Raises ``ProcessDied`` or ``NotReady``.

    ``given_up``: set when nobody waits for the outcome any more.
    """
    log = home.log(record.name)
    deadline = time.monotonic() + seconds
    while why := ready():
        if not alive(record):
            raise ProcessDied(name=record.name, log=log, tail=tail(log))
        if time.monotonic() > deadline or (given_up is not None and given_up.is_set()):
            raise NotReady(name=record.name, seconds=int(seconds), why=why, log=log, tail=tail(log))
        time.sleep(0.1)
