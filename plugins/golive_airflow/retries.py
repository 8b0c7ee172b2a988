"""How often Airflow tries each kind of task again, as a table, and what it never tries again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

FINAL = (
    "golive.errors.InputError",
    "golive.errors.RefusedError",
    "golive.stages.errors.StepFailed",
    "golive.stages.errors.CheckFailed",
    "golive.stages.errors.RollbackFailed",
    "golive.stages.errors.StageNotClosed",
    "golive_airflow.errors.ChildEnded",
    "golive_airflow.errors.Unhealthy",
)
"""What a second try would only repeat: a decision, or a target's clear no. All else may be a lost connection."""


@dataclass(frozen=True)
class Patience:
    """``tries`` in all, ``pause`` seconds between them, at most ``minutes`` each."""

    tries: int
    pause: int
    minutes: int


PATIENCE = {
    "open": Patience(3, 5, 10),
    "step": Patience(4, 5, 60),
    "move": Patience(12, 10, 24 * 60),
    "gate": Patience(6, 5, 5),
    "stage": Patience(6, 5, 5),
    "close": Patience(3, 5, 10),
    "rollback": Patience(6, 10, 120),
    "verdict": Patience(4, 5, 5),
    "health": Patience(2, 10, 15),
}


def patience(kind: str) -> dict[str, Any]:
    """The arguments of an operator of this kind that say how often it is tried again."""
    row = PATIENCE[kind]
    return {
        "retries": row.tries - 1,
        "retry_delay": timedelta(seconds=row.pause),
        "execution_timeout": timedelta(minutes=row.minutes),
        "retry_policy": ExceptionRetryPolicy([RetryRule(exception=list(FINAL), action=RetryAction.FAIL)]),
    }
