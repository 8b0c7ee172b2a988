"""Airflow's settings in one table, the same for the embedded stack and for a shared installation.

``SHARED`` holds what never differs; ``places`` holds what does (addresses, folders, keys). Both become
``AIRFLOW__SECTION__KEY`` variables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from golive.secret import Secret

Section = Mapping[str, str]

SHARED: Mapping[str, Section] = {
    "core": {
        "executor": "golive_airflow.executor.RaceFreeLocalExecutor",
        "auth_manager": "golive_airflow.auth.GoliveAuthManager",
        "parallelism": "8",
        "max_active_tasks_per_dag": "8",
        "load_examples": "False",
        "dags_are_paused_at_creation": "False",
        "default_timezone": "utc",
        "hide_sensitive_var_conn_fields": "True",
    },
    "database": {"load_default_connections": "False", "sql_alchemy_pool_size": "5", "sql_alchemy_max_overflow": "10"},
    "scheduler": {
        "scheduler_idle_sleep_time": "0.1",  # 50 tasks in a row: 11.5 s instead of 54.9 s, for 15 % of a core
        "task_instance_heartbeat_timeout": "30",  # how long a killed worker goes unnoticed
        "task_instance_heartbeat_timeout_detection_interval": "5",
        "task_queued_timeout": "120",  # the same for one that was killed before its task began
        "task_queued_timeout_check_interval": "15",
        "trigger_timeout_check_interval": "5",  # how late an expired gate is seen
        "catchup_by_default": "False",
    },
    "dag_processor": {"refresh_interval": "3", "min_file_process_interval": "30", "parsing_processes": "1"},
    "api": {"expose_config": "False", "workers": "1", "instance_name": "Golive"},
}
OTHERS: Mapping[str, str] = {"GX_ANALYTICS_ENABLED": "false"}


@dataclass(frozen=True)
class Places:
    """What differs between installations. ``database`` has no driver; ``page`` is the address people open."""

    home: Path
    repository: Path
    database: Secret
    page: str
    port: int
    fernet_key: Secret
    jwt_secret: Secret
    api_secret: Secret


def places(at: Places) -> Mapping[str, Section]:
    """The settings of one installation, sections as in ``SHARED``."""
    url = at.database.reveal().replace("postgresql://", "postgresql+psycopg://", 1)
    return {
        "core": {
            "dags_folder": str(at.repository / "dags"),
            "plugins_folder": str(at.repository / "plugins"),
            "fernet_key": at.fernet_key.reveal(),
            "execution_api_server_url": f"{at.page}/execution/",
        },
        "database": {"sql_alchemy_conn": url, "sql_alchemy_conn_async": url},
        "api": {
            "host": "127.0.0.1",
            "port": str(at.port),
            "base_url": at.page,
            "secret_key": at.api_secret.reveal(),
        },
        "api_auth": {"jwt_secret": at.jwt_secret.reveal()},
        "fab": {"config_file": str(at.home / "webserver_config.py"), "update_fab_perms": "False"},  # by airflow_setup
        "logging": {"base_log_folder": str(at.home / "logs")},
    }


def variables(*tables: Mapping[str, Section]) -> dict[str, str]:
    """``AIRFLOW__SECTION__KEY`` for every row; a later table wins."""
    return {
        f"AIRFLOW__{section}__{key}".upper(): value
        for table in tables
        for section, rows in table.items()
        for key, value in rows.items()
    }
