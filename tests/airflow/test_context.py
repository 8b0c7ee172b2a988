"""Airflow's connections become values through the providers' hooks."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from golive.secret import Secret
from golive.stages.runtime import Connection
from golive_airflow.context import connection_of, open_ledger, run_link
from golive_airflow.errors import ConnectionUnusable, SettingMissing

KEY = (
    Ed25519PrivateKey.generate()
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    .decode()
)


def given(monkeypatch: pytest.MonkeyPatch, name: str, **fields: object) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))


def test_an_ssh_connection_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, user and key come over; the key is a secret."""
    extra = {"private_key": KEY}
    given(monkeypatch, "app1", conn_type="ssh", host="192.0.2.1", port=2201, login="deploy", extra=extra)
    assert connection_of("app1") == Connection("192.0.2.1", 2201, "deploy", private_key=Secret(KEY))


def test_an_ssh_connection_with_a_key_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The worker's file is read; the port defaults to SSH's."""
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    extra = {"key_file": str(tmp_path / "key")}
    given(monkeypatch, "app2", conn_type="ssh", host="192.0.2.1", login="deploy", extra=extra)
    assert connection_of("app2") == Connection("192.0.2.1", 22, "deploy", private_key=Secret(KEY))


def test_an_ssh_connection_with_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the password counts."""
    given(monkeypatch, "app3", conn_type="ssh", host="192.0.2.1", login="deploy", password="word")
    assert connection_of("app3") == Connection("192.0.2.1", 22, "deploy", password=Secret("word"))


def test_a_postgres_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema field names the database; a password with special letters stays itself."""
    fields = {"host": "192.0.2.2", "port": 5433, "login": "app", "password": "p@ss/w:rd", "schema": "contact"}
    given(monkeypatch, "main", conn_type="postgres", **fields)
    assert connection_of("main") == Connection("192.0.2.2", 5433, "app", Secret("p@ss/w:rd"), database="contact")


def test_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the connection and what could be used."""
    given(monkeypatch, "web", conn_type="http", host="192.0.2.3")
    with pytest.raises(ConnectionUnusable, match="web is of type http; only ssh, postgres"):
        connection_of("web")


def test_a_worker_without_its_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable."""
    monkeypatch.delenv("GOLIVE_SIGNING_KEY", raising=False)
    with pytest.raises(SettingMissing, match="GOLIVE_SIGNING_KEY"):
        open_ledger()


def test_a_run_has_an_address() -> None:
    """Under the address that people open."""
    assert run_link("install", "r.1") == "http://airflow.example.com/dags/install/runs/r.1"
