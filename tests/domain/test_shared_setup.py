"""The first start of a shared installation, against a real PostgreSQL."""

import psycopg
import pytest

from golive.ledger import Ledger, Signer
from golive.ledger.events import NewEvent
from golive.secret import Secret
from golive_stack.databases import LEDGER_WRITER, Database, create, create_ledger
from golive_stack.shared_setup import SharedServer, airflow_request


def test_databases_are_made_and_made_again(postgres, tmp_path):
    """Airflow gets a database of its own and the ledger a writer who may append; a second start changes nothing."""
    server = SharedServer(postgres.port, Secret(postgres.password), "127.0.0.1")
    key = tmp_path / "signing"
    for _start in range(2):
        create(server, (Database("airflow", Secret("one")),))
        create_ledger(server, Secret("two"), key)
    with psycopg.connect(server.url("airflow", "airflow", Secret("one")).reveal()) as connection:
        connection.execute("CREATE TABLE mine (id integer)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE other")
    ledger = Ledger(
        server.url("golive_ledger", LEDGER_WRITER, Secret("two")), signer=Signer.load(key), heads=tmp_path / "heads"
    )
    ledger.record("organization", NewEvent("installation.started"))
    ledger.close()


def test_request_names_the_administrator_and_the_ledger():
    """Airflow is told one administrator and one connection, both with the passwords of the installation."""
    request = airflow_request(SharedServer(5432, Secret("root"), "db"), Secret("two"), Secret("three"))
    (account,), (row,) = request["accounts"], request["connections"]
    assert (account["name"], account["role"], account["password"]) == ("admin", "Admin", "three")
    assert (row["name"], row["host"], row["login"], row["password"]) == ("golive_ledger", "db", LEDGER_WRITER, "two")
