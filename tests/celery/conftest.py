"""A home for Airflow that is gone afterwards, with Celery's results in a file. Imported before Airflow is."""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

_compose = (Path(__file__).resolve().parents[2] / "docker-compose.yaml").read_text(encoding="utf-8")
_home = tempfile.mkdtemp(prefix="golive-celery-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = _home
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{_home}/airflow.db"
os.environ["AIRFLOW__CELERY__BROKER_URL"] = "memory://"
os.environ["AIRFLOW__CELERY__RESULT_BACKEND"] = f"db+sqlite:///{_home}/results.db"
os.environ["AIRFLOW__CORE__EXECUTOR"] = re.findall(r'AIRFLOW__CORE__EXECUTOR: "(.+)"', _compose)[0]
