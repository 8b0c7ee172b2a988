"""What the manifest says of health and of checks, as the checks package wants it."""

from golive.checks.http import HttpExpectation
from golive.release.components import Check, Health


def health_expectation(health: Health) -> HttpExpectation:
    """What a healthy service of this release answers."""
    return HttpExpectation(
        status=health.status,
        contains=health.contains,
        timeout_seconds=health.timeout_seconds,
        attempts=health.attempts,
        interval_ms=health.interval_ms,
    )


def check_expectation(check: Check) -> HttpExpectation:
    """What a check from outside expects."""
    return HttpExpectation(
        status=check.status,
        contains=check.contains,
        maximum_ms=check.maximum_ms,
        timeout_seconds=check.timeout_seconds,
        attempts=check.attempts,
        interval_ms=check.interval_ms,
    )
