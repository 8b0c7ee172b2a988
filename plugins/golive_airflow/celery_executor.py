"""The executor of a shared installation. Importable only where ``requirements-celery.txt`` is installed."""

from airflow.providers.celery.executors.celery_executor import CeleryExecutor

from golive_airflow.stale_reports import WithoutStaleReports


class RaceFreeCeleryExecutor(WithoutStaleReports, CeleryExecutor):
    """The Celery executor without stale reports of success."""
