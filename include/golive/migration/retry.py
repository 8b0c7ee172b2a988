"""Trying again: what may go well a little later is tried a bounded number of times, slower and slower."""

import time
from collections.abc import Callable
from typing import TypeVar

from golive.errors import GoliveError
from golive.migration.causes import cause
from golive.migration.errors import ServerUnreachable

TRIES = 16
"""In a row, without anything done in between: about two minutes, a server's restart or an application's long lock."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 10.0
T = TypeVar("T")


def passing(error: GoliveError) -> bool:
    """Whether the same may go well a little later."""
    return isinstance(error, ServerUnreachable) or (error.__cause__ is not None and cause(error.__cause__).passing)


def wait_before(failure: int) -> float:
    """Seconds to wait after the ``failure``-th failure in a row (1, 2, …)."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (failure - 1))


def patiently(work: Callable[[], T]) -> T:
    """What ``work`` gives, which must be safe to do again; raises the last error."""
    failure = 0
    while True:
        try:
            return work()
        except GoliveError as error:
            failure += 1
            if failure > TRIES or not passing(error):
                raise
        time.sleep(wait_before(failure))
