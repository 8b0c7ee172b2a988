"""One ``up`` or ``down`` per home at a time."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from golive_stack.errors import Busy
from golive_stack.home import Home


@contextmanager
def exclusive(home: Home, seconds: float = 120.0) -> Iterator[None]:
    """Hold the home's lock; it falls with the process that holds it. Raises ``Busy`` after ``seconds``."""
    home.lock.parent.mkdir(parents=True, exist_ok=True)
    with home.lock.open("a") as file:
        deadline = time.monotonic() + seconds
        while not _try(file.fileno()):
            if time.monotonic() > deadline:
                raise Busy(home=home.root, seconds=int(seconds))
            time.sleep(0.1)
        yield


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
