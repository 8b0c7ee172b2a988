"""Asks after a run, from the outside, whether what must always hold does.

It shares no code with Golive: it reads the ledger's tables, the hosts' folders, the databases, the heads file, the
channel and the processes itself, and computes every digest and signature again.

    python tests/checker/invariants.py --home .golive [--canary SECRET …] [--running]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.checker.chains import check_chains
from tests.checker.leaks import check_leaks
from tests.checker.operations import check_fences, check_outcomes
from tests.checker.places import check_ends, check_places
from tests.checker.record import read_world
from tests.checker.telling import check_messages, check_secrets
from tests.checker.votes import check_votes


def check(home: Path, canaries: Sequence[str] = (), running: bool = False) -> list[str]:
    """Everything that is wrong with the stack in ``home``, each beginning with its invariant's number.

    ``canaries`` are secrets to look for beside the stack's own. ``running``: something is on its way, so that open
    stages, held leases and missing outcomes are no findings.
    """
    world = read_world(home)
    found = [
        *check_places(world),
        *check_ends(world),
        *check_chains(world),
        *check_outcomes(world, running),
        *check_votes(world),
        *check_fences(world),
        *check_messages(world),
        *check_leaks(world, running),
        *check_secrets(world, canaries),
    ]
    return sorted(set(found), key=lambda problem: (int(problem.split()[0]), problem))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, required=True, help="the stack's folder")
    parser.add_argument("--canary", action="append", default=[], help="a secret that must not be found anywhere")
    parser.add_argument("--running", action="store_true", help="something is on its way")
    wanted = parser.parse_args()
    found = check(wanted.home, wanted.canary, wanted.running)
    print("\n".join(found) or "every invariant holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
