"""The example as a host runs it: an unpacked artifact, a rendered configuration, a process of its own."""

import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from golive_stack.example import EXAMPLE, Variant, Version, build_artifact

START_SECONDS = 15


@dataclass
class Service:
    """A running instance; ``process`` is its leader."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10, trust_env=False)

    def post(self, path: str, content: object) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", json=content, timeout=10, trust_env=False)


@contextmanager
def serving(folder: Path, database: str, version: Version, variant: Variant | None = None) -> Iterator[Service]:
    """An instance of ``version`` on the database at ``database``, ended when the block is left."""
    release = unpacked(build_artifact(version, folder / "build", variant), folder / "release")
    (release / "etc" / "app.conf").write_text(configuration(database), encoding="utf-8")
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port), "GOLIVE_PYTHON": sys.executable}
    log = folder / "log"
    command = [release / "bin" / "serve", "--config", "etc/app.conf"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd="/", stdout=output, stderr=output)
    try:
        wait_for_port(process, port, log)
        yield Service(process, port, log)
    finally:
        process.kill()
        process.wait(timeout=5)


def unpacked(artifact: Path, folder: Path) -> Path:
    with tarfile.open(artifact) as archive:
        archive.extractall(folder, filter="data")
    return folder


def configuration(database: str) -> str:
    """``etc/app.conf`` from the example's own template."""
    found = conninfo_to_dict(database)
    values = {
        "environment_title": "시험",
        "database_host": found["host"],
        "database_port": found.get("port", "5432"),
        "database_name": found["dbname"],
        "database_user": found["user"],
        "database_password": found.get("password", ""),
    }
    content = (EXAMPLE / "templates" / "app.conf.template").read_text(encoding="utf-8")
    for name, value in values.items():
        content = content.replace(f"@{name}@", str(value))
    return content


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"the service did not start: {log.read_text(encoding='utf-8')}")
