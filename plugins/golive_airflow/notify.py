"""Delivery of queued messages, whenever a task has something to say. It never fails a task.

What is not delivered stays queued in the ledger and goes out with the next delivery.
"""

import logging
from typing import TYPE_CHECKING

from golive.secret import Secret

if TYPE_CHECKING:
    from golive.ledger import Ledger
    from golive.reports.slack import SlackPoster
    from golive.stages.runtime import Runtime

SLACK = "golive_slack"

log = logging.getLogger(__name__)


def deliver(runtime: "Runtime") -> None:
    """Send what is queued for the run's release."""
    from golive.ledger.events import release_stream

    deliver_stream(runtime.ledger, release_stream(runtime.run.release))


def deliver_stream(ledger: "Ledger", stream: str) -> None:
    """Send what is queued in a stream. A channel that does not answer costs some time, and nothing else."""
    from golive.reports.outbox import send_pending

    try:
        poster = slack_poster()
        report = send_pending(ledger, stream, poster) if poster else None
    except Exception as error:  # noqa: BLE001 - a release never fails for its messages
        log.warning("messages are kept for the next delivery: %s", error)
        return
    for channel, cause in (report.causes if report else {}).items():
        log.warning("messages to %s are kept for the next delivery: %s", channel, cause)


def deliver_everything(ledger: "Ledger") -> None:
    """Send whatever still waits in any stream: a release that has ended has no task of its own to do it."""
    from golive.reports.outbox import entries

    for stream in ledger.streams():
        if any(entry.pending for entry in entries(ledger.read(stream)).values()):
            deliver_stream(ledger, stream)


def slack_poster() -> "SlackPoster | None":
    """Slack by the connection ``golive_slack`` (token as password, ``base_url`` as extra); None without one."""
    from airflow.sdk.bases.hook import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from golive.reports.slack import SLACK as PUBLIC
    from golive.reports.slack import SlackPoster

    try:
        found = BaseHook.get_connection(SLACK)
    except AirflowNotFoundException:
        log.info("there is no connection %s: messages stay queued", SLACK)
        return None
    return SlackPoster(Secret(found.password or ""), found.extra_dejson.get("base_url", PUBLIC))
