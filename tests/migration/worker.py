"""One pass as a process of its own that ends itself, or waits, at a place: ``python -m tests.migration.worker``.

``AT`` names the place as ``module:function``, ``HOW`` is ``kill`` or ``wait``: until a line comes by standard input.
The two databases come as JSON by ``SIDES``. Exit 0 after a pass, 4 where a server failed.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from golive.errors import GoliveError
from golive.migration.endpoint import Endpoint
from golive.migration.passes import run_pass
from golive.migration.settings import Migration
from golive.secret import Secret
from tests.migration.shop import FLOWS


def main() -> int:
    said = json.loads(os.environ["SIDES"])
    sides = [Endpoint(**{**said[side], "password": Secret(said[side]["password"])}) for side in ("source", "target")]
    migration = Migration("shop", sides[0], sides[1], FLOWS, "", capture=said["capture"])
    if os.environ.get("AT"):
        _trap(os.environ["AT"], os.environ["HOW"])
    try:
        run_pass(migration, said["kind"])
    except GoliveError as error:
        print(error)
        return error.exit_code
    return 0


def _trap(place: str, how: str) -> None:
    """Has the function do what was asked for before it does its own work."""
    module_name, name = place.split(":")
    module = importlib.import_module(module_name)
    work = getattr(module, name)
    setattr(module, name, _trapped(work, how))


def _trapped(work: Callable[..., Any], how: str) -> Callable[..., Any]:
    def trapped(*values: Any, **named: Any) -> Any:
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        print("here", flush=True)
        sys.stdin.readline()
        return work(*values, **named)

    return trapped


if __name__ == "__main__":
    sys.exit(main())
