"""Passes, until what is left is so little that it fits into the freeze."""

from golive.migration.errors import NotConverging
from golive.migration.passes import PassReport, run_pass
from golive.migration.settings import Migration

FUTILE = 4
"""After so many passes none of which was shorter than the one before, changes come faster than they are copied."""


def catch_up(migration: Migration, until_seconds: float, passes: int = 50) -> tuple[PassReport, ...]:
    """Does passes until the next one would take less than ``until_seconds``. Raises ``NotConverging``."""
    done: list[PassReport] = []
    futile = 0
    while True:
        report = run_pass(migration)
        futile = futile + 1 if done and report.seconds >= 0.9 * done[-1].seconds else 0
        done.append(report)
        if seconds_left(report) < until_seconds:
            return tuple(done)
        if futile >= FUTILE or len(done) >= passes:
            raise NotConverging(
                database=str(migration.source), left=report.left, passes=len(done), seconds=round(report.seconds, 1)
            )


def seconds_left(report: PassReport) -> float:
    """How long a pass over what is left would take, at the pace of this one."""
    pace = report.seconds / max(report.changes, 1)
    return report.left * pace
