"""The executor of one machine: without stale reports, and with workers that start warm.

Workers are forked from the scheduler, and each task from a worker. What every task would import anew, a second of a
core each time, is imported once before the first fork. So a new version of Golive wants a restart of the scheduler.
"""

from importlib import import_module

from airflow.executors.local_executor import LocalExecutor

from golive_airflow.stale_reports import WithoutStaleReports

PRELOADED = (
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.ssh.hooks.ssh",
    "golive.reports.slack",
    "golive.stages.api",
    "golive.stages.health",
    "golive_airflow.approval",
    "golive_airflow.health",
    "golive_airflow.stage",
    "golive_airflow.trigger",
)
"""What tasks import. None of it opens or starts anything by being imported."""


class RaceFreeLocalExecutor(WithoutStaleReports, LocalExecutor):
    """The local executor without stale reports of success, whose workers have imported what tasks need."""

    def start(self) -> None:
        """Import what tasks need, then fork the workers."""
        for name in PRELOADED:
            import_module(name)
        super().start()
