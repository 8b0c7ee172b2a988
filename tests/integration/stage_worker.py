"""A worker that carries out one step in a process of its own and is killed, or held, at a chosen point.

``before``: killed when its intent is on record and its target not yet asked. ``during``: killed in the middle of an
upload, or when a database is made and not yet marked. ``after``: killed when the target is done and the outcome not yet
on record. ``hold``: stopped at the same point as ``before``, until someone lets it go on. ``run``: nothing happens.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from golive.ledger import Ledger
from golive.stages import database_worker, engine
from golive.stages.api import run_step
from golive.stages.runtime import Connection, Run
from golive_stack import direct
from golive_stack.home import Home
from golive_stack.info import info


def main() -> None:
    root, release, stage, run_id, step, mode = sys.argv[1:]
    stack = info(Home(Path(root)))
    run = Run(release, "test", stage, run_id, direct.OPERATOR)
    here = direct.runtime(stack, direct.open_ledger(stack), run)
    if mode in ("before", "hold"):
        here = replace(here, connections=_stopping(here.connections, mode))
    if mode == "during":
        whole = Ledger.chunks
        Ledger.fetch = lambda ledger, digest: b"".join(whole(ledger, digest))
        Ledger.chunks = _cut
        database_worker._fence = _die
    if mode == "after":
        engine._record = _die
    for line in run_step(here, step).lines:
        print(line)


def _stopping(connections: Callable[[str], Connection], mode: str) -> Callable[[str], Connection]:
    """Credentials of a host are asked for just before the first word to it."""

    def ask(name: str) -> Connection:
        if name in ("golive_test_app1", "golive_test_admin"):
            os.kill(os.getpid(), signal.SIGSTOP if mode == "hold" else signal.SIGKILL)
        return connections(name)

    return ask


def _die(*_anything: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _cut(_ledger: Ledger, _digest: str) -> Iterator[bytes]:
    """The beginning of a file; it has time to arrive."""
    yield b"x" * 64
    time.sleep(0.5)
    _die()


if __name__ == "__main__":
    main()
