"""Who runs, for which release, and with what: the edge builds a Runtime, the stages use it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from golive.ledger import Ledger
from golive.secret import Secret


@dataclass(frozen=True)
class Connection:
    """A credential as a value. The edge makes it from an Airflow connection through a provider's hook."""

    host: str
    port: int
    user: str
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    database: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a stage. ``requester`` is the person who triggered it, or its parent; empty is refused by ``open``."""

    release: str
    environment: str
    stage: str
    run_id: str
    requester: str
    parent_run_id: str | None = None


def print_group(title: str, lines: Sequence[str]) -> None:
    """A title and what belongs to it, on a plain terminal."""
    sys.stdout.write("\n  ".join((title, *lines)) + "\n")


@dataclass(frozen=True)
class Runtime:
    """What a stage may use.

    ``alive`` asks whether neither this run nor its parent was ended, ``lives`` whether a run (by its
    stage and run id) still goes on; ``link`` leads people to this run;
    ``group`` shows what one target said under a title of its own.
    """

    ledger: Ledger
    run: Run
    connections: Callable[[str], Connection]
    alive: Callable[[], bool] = lambda: True
    lives: Callable[[str, str], bool] = lambda stage, run_id: True
    say: Callable[[str], None] = print
    group: Callable[[str, Sequence[str]], None] = print_group
    link: str = ""
