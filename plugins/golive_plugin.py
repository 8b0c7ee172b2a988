"""What Airflow's plugin manager finds: the one module of this folder that it runs, see ``.airflowignore``."""

from airflow.plugins_manager import AirflowPlugin


class GolivePlugin(AirflowPlugin):
    """Golive needs no hook of the plugin manager yet; its name in the Plugins page says that the edge is installed."""

    name = "golive"
