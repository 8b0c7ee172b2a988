"""Parsing a DAG file reads files and nothing else, and what the plugin scanner finds is one module."""

import subprocess
import sys
from pathlib import Path

from airflow._shared.module_loading.file_discovery import find_path_from_directory

from golive_plugin import GolivePlugin

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGINS = REPOSITORY / "plugins"

PARSE = """
import socket, sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.bases.hook import BaseHook

def refuse(*arguments, **words):
    raise AssertionError(f"a DAG file reached out: {arguments}")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
BaseHook.get_connection = refuse
began = time.perf_counter()
bag = DagBag(dag_folder=sys.argv[1])
assert bag.import_errors == {}, bag.import_errors
heavy = {"asyncssh", "great_expectations", "golive.stages.api", "golive.ledger", "slack_sdk", "psycopg"}
print(sorted(heavy & set(sys.modules)), f"{time.perf_counter() - began:.3f}")
"""


def test_parsing_reaches_nothing_and_imports_nothing_heavy() -> None:
    """With sockets and connections refused every file parses, and the domain's machinery stays unimported."""
    command = [sys.executable, "-c", PARSE, str(REPOSITORY / "dags")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("[] ")


def test_the_plugin_scanner_finds_the_plugin_and_nothing_else() -> None:
    """Every module that it finds runs under its bare name; the edge's own modules would hide others."""
    found = [Path(path).name for path in find_path_from_directory(str(PLUGINS), ".airflowignore", "glob")]
    assert [name for name in found if name.endswith(".py")] == ["golive_plugin.py"]


def test_without_the_ignore_file_the_scanner_would_run_the_edge(tmp_path: Path) -> None:
    """The file is what keeps them out."""
    (tmp_path / "golive_airflow").mkdir()
    (tmp_path / "golive_airflow" / "errors.py").touch()
    assert list(find_path_from_directory(str(tmp_path), ".airflowignore", "glob"))


def test_the_plugin_is_one() -> None:
    """Airflow lists it by its name."""
    assert GolivePlugin.name == "golive"
