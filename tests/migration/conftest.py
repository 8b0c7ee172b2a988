"""Two real databases for each test that moves rows: one server with logical decoding on, a source and a target."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from golive.migration.endpoint import Endpoint
from golive.secret import Secret
from tests.domain.conftest import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    directory = Path(tempfile.mkdtemp(prefix="golive-test-"))
    directory.chmod(0o755)
    server = Postgres(directory, wal_level="logical", max_replication_slots="16", max_wal_senders="16")
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(directory)


def endpoint(server: Postgres, database: str) -> Endpoint:
    """A database of the server as one side of a migration."""
    return Endpoint("127.0.0.1", server.port, "postgres", Secret(server.password), database)


@pytest.fixture
def source(postgres: Postgres) -> Iterator[Endpoint]:
    name = postgres.create_database()
    yield endpoint(postgres, name)
    _drop(postgres, name)


@pytest.fixture
def target(postgres: Postgres) -> Iterator[Endpoint]:
    name = postgres.create_database()
    yield endpoint(postgres, name)
    _drop(postgres, name)


def _drop(server: Postgres, name: str) -> None:
    with server.connect("postgres") as connection:
        slots = connection.execute(
            "SELECT slot_name FROM pg_replication_slots WHERE database = %s AND NOT active", (name,)
        ).fetchall()
    with psycopg.connect(server.url(name).reveal(), autocommit=True, connect_timeout=5) as connection:
        for (slot,) in slots:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
    server.drop_database(name)
