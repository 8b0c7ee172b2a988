"""Work in a process of its own, so that it can be killed."""

import multiprocessing
import random
import time
from collections.abc import Callable

from golive.migration.load import load
from golive.migration.settings import Migration

FORK = multiprocessing.get_context("fork")


def killed_after(seconds: float, work: Callable[[], None]) -> bool:
    """Whether ``work`` had to be killed (SIGKILL); False when it was done before."""
    process = FORK.Process(target=work, daemon=True)
    process.start()
    process.join(seconds)
    killed = process.is_alive()
    process.kill()
    process.join()
    if not killed and process.exitcode != 0:
        raise AssertionError(f"the work failed by itself: {process.exitcode}")
    return killed


def load_under_kills(wanted: Migration, longest: float, seed: int = 0, most: int = 1000) -> int:
    """Loads while the worker is killed again and again; returns how often it was. The last try is left alone."""
    chance = random.Random(seed)
    kills = 0
    while kills < most and killed_after(chance.uniform(0.05, longest), lambda: load(wanted)):
        kills += 1
        time.sleep(0.01)
    load(wanted)
    return kills
