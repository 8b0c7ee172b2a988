"""Airflow's context becomes a ``Runtime``: the one place where credentials, people and runs cross the edge.

A worker needs the connection ``golive_ledger``, the signing key as a file (``GOLIVE_SIGNING_KEY``) and the file to
which heads are appended (``GOLIVE_HEADS``). Credentials of hosts and databases come from Airflow's connections
through the providers' hooks and reach the domain as values.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golive.secret import Secret
from golive_airflow.errors import ConnectionUnusable, SettingMissing
from golive_airflow.runs import run_goes_on

if TYPE_CHECKING:
    from airflow.sdk import Connection as AirflowConnection

    from golive.ledger import Ledger
    from golive.stages.runtime import Connection, Runtime

LEDGER = "golive_ledger"
PARENT = "release"
"""The DAG whose runs start other stages; a stage's ``parent_run_id`` is one of them."""

log = logging.getLogger(__name__)


def runtime_of(context: Mapping[str, Any], stage: str, *, environment: str | None = None, link: str = "") -> "Runtime":
    """Everything a stage may use, for the run of ``context``. ``environment`` overrides the run's parameter.

    The requester is the person who triggered the run, as the server recorded it; a child's run inherits its parent's.
    It is empty for a run that nobody asked for, and the domain refuses that.
    """
    from golive.stages.runtime import Run, Runtime

    dag_run, params = context["dag_run"], context["params"]
    run = Run(
        release=params.get("release") or "",
        environment=environment or params.get("environment") or "",
        stage=stage,
        run_id=dag_run.run_id,
        requester=dag_run.triggering_user_name or "",
        parent_run_id=(dag_run.conf or {}).get("parent_run_id"),
    )
    return Runtime(
        ledger=open_ledger(),
        run=run,
        connections=connection_of,
        alive=_alive(dag_run.dag_id, run.run_id, run.parent_run_id),
        lives=run_goes_on,
        say=log.info,
        group=_group,
        link=link or run_link(dag_run.dag_id, run.run_id),
    )


def _group(title: str, lines: Sequence[str]) -> None:
    """Folded in Airflow's page; a line that a host made up cannot open or close a group."""
    log.info("::group::%s", title)
    for line in lines:
        log.info("  %s", line)
    log.info("::endgroup::")


def open_ledger() -> "Ledger":
    """The ledger behind the connection ``golive_ledger``, able to sign. Raises ``SettingMissing``."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from golive.ledger import Ledger, Signer

    signer = Signer.load(Path(_setting("GOLIVE_SIGNING_KEY")))
    url = PostgresHook(postgres_conn_id=LEDGER).sqlalchemy_url.render_as_string(hide_password=False)
    return Ledger(Secret(url), signer=signer, heads=Path(_setting("GOLIVE_HEADS")))


def connection_of(name: str) -> "Connection":
    """The Airflow connection ``name`` as a value. Raises ``ConnectionUnusable`` unless it is SSH or Postgres."""
    from airflow.sdk.bases.hook import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException as error:
        raise ConnectionUnusable(name=name, type="-", known=", ".join(_MAKERS)) from error
    make = _MAKERS.get(found.conn_type or "")
    if make is None:
        raise ConnectionUnusable(name=name, type=found.conn_type, known=", ".join(_MAKERS))
    return make(found)


def run_link(dag_id: str, run_id: str) -> str:
    """Where a person finds the run."""
    from airflow.sdk.configuration import conf

    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"


def _ssh(found: "AirflowConnection") -> "Connection":
    from airflow.providers.ssh.hooks.ssh import SSHHook

    from golive.stages.runtime import Connection

    hook, extra = SSHHook(ssh_conn_id=found.conn_id), found.extra_dejson
    key = Path(hook.key_file).read_text(encoding="utf-8") if hook.key_file else extra.get("private_key")
    return Connection(
        host=hook.remote_host,
        port=hook.port or 22,
        user=hook.username or "",
        password=_secret(hook.password),
        private_key=_secret(key),
        passphrase=_secret(extra.get("private_key_passphrase")),
    )


def _postgres(found: "AirflowConnection") -> "Connection":
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from golive.stages.runtime import Connection

    url = PostgresHook(postgres_conn_id=found.conn_id).sqlalchemy_url
    return Connection(
        host=url.host or "",
        port=url.port or 5432,
        user=url.username or "",
        password=_secret(url.password),
        database=url.database or "",
    )


_MAKERS: Mapping[str, Callable[["AirflowConnection"], "Connection"]] = {"ssh": _ssh, "postgres": _postgres}


def _secret(value: str | None) -> Secret | None:
    return Secret(value) if value else None


def _alive(dag_id: str, run_id: str, parent_run_id: str | None) -> Callable[[], bool]:
    runs = [(dag_id, run_id)] + ([(PARENT, parent_run_id)] if parent_run_id else [])
    return lambda: all(run_goes_on(*run) for run in runs)


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingMissing(name=name)
    return value
