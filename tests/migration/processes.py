"""The writer and the worker, started and ended."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golive.migration.endpoint import Endpoint
from golive.migration.settings import Migration

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 120


@contextmanager
def writer(database: Endpoint, seed: int, rate: float = 0) -> Iterator[subprocess.Popen[str]]:
    """Writes until the block ends; it must have ended well."""
    process = _start("writer", {**libpq(database), "SEED": str(seed), "RATE": str(rate)})
    try:
        yield process
        output, _ = process.communicate("", WAIT_SECONDS)
        assert process.returncode == 0, output
        assert int(output) > 0
    finally:
        process.kill()
        process.wait(WAIT_SECONDS)


def worker(migration: Migration, kind: str = "pass", at: str = "", how: str = "kill") -> subprocess.Popen[str]:
    """A pass in a process of its own."""
    sides = {"source": _values(migration.source), "target": _values(migration.target)}
    said = json.dumps({**sides, "capture": migration.capture, "kind": kind})
    return _start("worker", {"SIDES": said, "AT": at, "HOW": how})


def _start(name: str, settings: dict[str, str]) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(ROOT / "include"), str(ROOT)))
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.migration.{name}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def libpq(database: Endpoint) -> dict[str, str]:
    return {
        "PGHOST": database.host,
        "PGPORT": str(database.port),
        "PGUSER": database.user,
        "PGPASSWORD": database.password.reveal() if database.password else "",
        "PGDATABASE": database.database,
    }


def _values(endpoint: Endpoint) -> dict[str, object]:
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "user": endpoint.user,
        "password": endpoint.password.reveal() if endpoint.password else "",
        "database": endpoint.database,
    }
