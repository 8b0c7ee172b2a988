"""Airflow's four processes, its settings, and whether they are healthy."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from subprocess import PIPE
from threading import Timer

from cryptography.fernet import Fernet

from golive.canonical import digest
from golive_stack.airflow_setup import MIGRATED
from golive_stack.connections import ConnectionRow
from golive_stack.errors import SetupFailed
from golive_stack.files import tail, write_private
from golive_stack.home import REPOSITORY, Home
from golive_stack.people import Account
from golive_stack.postgres import Server
from golive_stack.processes import MARK, SETUP, ProcessSpec
from golive_stack.settings import OTHERS, SHARED, Places, places, variables
from golive_stack.state import State

# One process each, since `airflow standalone` forces another auth manager. Task logs are read from the folder, so
# nobody needs to serve them on a port.
COMMANDS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
PAGE = "api-server"
BEHIND = tuple(name for name in COMMANDS if name != PAGE)
SETUP_SECONDS = 300
_WEBSERVER = """\
from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
WTF_CSRF_ENABLED = True
AUTH_RATE_LIMITED = False
"""


def page(state: State) -> str:
    """The address of Airflow's page."""
    return f"http://127.0.0.1:{state.port('airflow')}"


def environment(home: Home, state: State, server: Server, repository: Path = REPOSITORY) -> dict[str, str]:
    """The variables that every Airflow process of this stack runs with. Holds secrets."""
    at = Places(
        home=home.airflow,
        repository=repository,
        database=server.url("airflow", "airflow", state.password("database/airflow")),
        page=page(state),
        port=state.port("airflow"),
        fernet_key=state.password("fernet"),
        jwt_secret=state.password("jwt"),
        api_secret=state.password("api"),
    )
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "USER") if name in os.environ}
    return {
        **kept,
        "AIRFLOW_HOME": str(home.airflow),
        "PYTHONPATH": os.pathsep.join([str(repository / "include"), str(repository / "plugins")]),
        "PYTHONUNBUFFERED": "1",
        "XDG_RUNTIME_DIR": str(home.airflow / "runtime"),
        "GOLIVE_HOME": str(home.root),
        "GOLIVE_SIGNING_KEY": str(home.keys / "signing"),
        "GOLIVE_HEADS": str(home.heads),
        **OTHERS,
        **variables(SHARED, places(at)),
    }


def prepare(home: Home, state: State) -> None:
    """Folders, the login page's settings, and the key by which Airflow encrypts connections."""
    (home.airflow / "runtime").mkdir(parents=True, exist_ok=True)
    (home.airflow / "runtime").chmod(0o700)
    write_private(home.airflow / "webserver_config.py", _WEBSERVER)
    if not state.has_password("fernet"):
        state.set_password("fernet", Fernet.generate_key().decode())


def set_up(
    home: Home,
    state: State,
    variables: dict[str, str],
    request: dict[str, object],
    migrated: Callable[[], None],
) -> None:
    """Migrate the database and write roles, people and connections, unless all that is as it was left.

    ``migrated`` is called as soon as the tables are there: only the page needs the people. Raises ``SetupFailed``.
    """
    versions = [version(f"apache-airflow{part}") for part in ("", "-providers-fab")]
    stamp = digest([versions, request, _roles_digest()])
    if state.prepared("airflow", stamp):
        migrated()
        return
    log = home.log("airflow-setup")
    command = [sys.executable, "-m", "golive_stack.airflow_setup"]
    environment = {**variables, MARK: str(home.root), SETUP: "airflow"}
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=output, env=environment, cwd=home.airflow) as process,
        _killed_after(process, SETUP_SECONDS),
    ):
        if _tell(process, json.dumps(request).encode()) == MIGRATED:
            migrated()
    if process.returncode != 0:
        raise SetupFailed(what="airflow", log=log, tail=tail(log))
    state.set_prepared("airflow", stamp)


def setup_request(state: State, people: tuple[Account, ...], rows: tuple[ConnectionRow, ...]) -> dict[str, object]:
    """What ``airflow_setup`` is to write. Holds secrets in the clear."""
    accounts = [{**asdict(person), "password": state.password(f"person/{person.name}").reveal()} for person in people]
    return {"accounts": accounts, "connections": [asdict(row) for row in rows]}


def _tell(process: "subprocess.Popen[bytes]", request: bytes) -> bytes:
    """Give the request and wait for the one line that comes back, or for the end."""
    if process.stdin is None or process.stdout is None:
        return b""
    with process.stdin as stdin:
        stdin.write(request)
    return process.stdout.readline()


@contextmanager
def _killed_after(process: "subprocess.Popen[bytes]", seconds: float) -> Iterator[None]:
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        yield
        process.wait()
    finally:
        timer.cancel()


def _roles_digest() -> str:
    return digest((REPOSITORY / "plugins" / "golive_airflow" / "roles.py").read_text(encoding="utf-8"))


def specification(home: Home, state: State, variables: dict[str, str], name: str) -> ProcessSpec:
    """How one of ``COMMANDS`` is run."""
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-m", "airflow", *COMMANDS[name]),
        environment=variables,
        folder=home.airflow,
        port=state.port("airflow") if name == PAGE else None,
        stop_seconds=1.5,  # they wait for each other's connections and workers; the ledger needs no farewell
    )


def missing(state: State) -> str:
    """Empty when the page answers and all four processes have given a sign of life, else what is missing."""
    try:
        with urllib.request.urlopen(f"{page(state)}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            health = json.load(answer)
    except (OSError, ValueError) as cause:
        return str(cause)
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return ", ".join(f"{part}: {health[part]['status']}" for part in parts if health[part]["status"] != "healthy")
