"""The dump of a database whose name could be taken for something else, by a real pg_dump."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from golive.secret import Secret
from golive.stages import database_steps
from tests.domain.conftest import Postgres

NAMES = ("dbname=postgres", "postgresql://elsewhere/x", "--help", "상담 'x\" $(y)")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str]:
    with postgres.connect("postgres") as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(request.param)))
    with psycopg.connect(postgres.url(quote(request.param, safe="")).reveal(), autocommit=True) as session:
        session.execute("CREATE TABLE only_here (id int)")
    yield request.param
    with postgres.connect("postgres") as session:
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(request.param)))


def test_the_dump_is_of_the_database_that_was_named(postgres: Postgres, name: str, tmp_path: Path) -> None:
    """A name is a name: no option, no connection string, no word of the shell."""
    tools = postgres._package.bin_path
    where = {"host": "127.0.0.1", "port": str(postgres.port), "user": "postgres", "database": name}
    command = database_steps.backup("main", where, str(tools / "pg_dump"), Secret(postgres.password), 2)
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ("sh", "-c", command.script), input=postgres.password.encode(), cwd=tmp_path, env=environment,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dump = tmp_path / done.stdout.decode().split(" ", 1)[0]
    listed = subprocess.run((tools / "pg_restore", "--list", dump), capture_output=True, check=True, timeout=60)
    assert b"only_here" in listed.stdout
