"""What ``./golive`` runs before anything is installed: make ``.venv`` from the lock if need be, then be the command.

Standard library only. The lock file is also what concurrent first uses wait on.
"""

import fcntl
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from golive.errors import GoliveError
from golive_stack.virtualenv import Virtualenv, ensure


@dataclass(frozen=True)
class Checkout(Virtualenv):
    """The checkout's own environment: ``.venv``, from ``requirements.txt``."""

    name: str = "golive"

    @property
    def folder(self) -> Path:
        return self.root / ".venv"

    @property
    def lock(self) -> Path:
        return self.root / "requirements.txt"


def prepare(checkout: Checkout) -> Path:
    """The environment's Python, made by one process at a time. Raises ``SetupFailed``."""
    if _is_made(checkout):
        return checkout.python
    if Path(sys.prefix) == checkout.folder:
        # It is about to be removed, with the Python that runs this.
        base = str(getattr(sys, "_base_executable", sys.executable))
        os.execv(base, [base, "-m", "golive_stack.bootstrap", *sys.argv[1:]])  # noqa: S606
    with checkout.lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _say("first use: installing what requirements.txt names. This takes a few minutes, once.")
        return ensure(checkout, _say)


def _is_made(checkout: Checkout) -> bool:
    stamp = checkout.folder / "golive-stamp"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == checkout.stamp


def _say(line: str) -> None:
    print(f"golive: {line}", file=sys.stderr, flush=True)


def main() -> None:
    try:
        python = str(prepare(Checkout()))
    except GoliveError as error:
        _say(error.message("ko" if os.environ.get("LANG", "").startswith("ko") else "en"))
        sys.exit(error.exit_code)
    os.execv(python, [python, "-m", "golive_stack.main", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
