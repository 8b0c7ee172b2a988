"""Who moves a database: Golive, the floor (binary pipes of psql and the same keys), pgcopydb, pgloader."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.bench.migration_data import Database
from tests.bench.migration_server import Server

SECONDS = 3600
LOADER = """
LOAD DATABASE FROM pgsql://{source} INTO pgsql://{target}
WITH include drop, create tables, create indexes, reset sequences, workers = 4, concurrency = 2;
"""
Contender = Callable[[Server, Database, str], None]


def ours(server: Server, database: Database, target: str, kind: str = "plain", workers: int = 2) -> dict[str, object]:
    """Steps' seconds, peak memory and processor seconds of our process."""
    server.run(target, *database.create, *database.keys, *database.foreign)
    command = [sys.executable, "-m", "tests.bench.migration_run", str(server.port), database.name, target, kind]
    command += [str(workers), os.environ.get("BENCH_CHUNK_MB", "64")]
    environment = {**os.environ, "PYTHONPATH": "include:."}
    output = subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, env=environment, text=True)
    found: dict[str, object] = json.loads(output.stdout)
    return found


def floor(server: Server, database: Database, target: str) -> None:
    """The least that has to be done, by hand: two pipes at a time, then every key, two at a time."""
    server.run(target, *database.create)
    _two([partial(_pipe, server, database.name, target, *piece) for piece in _pieces(server, database)])
    _two([partial(server.run, target, key) for key in database.keys])
    for key in database.foreign:
        server.run(target, key)


def pgcopydb(server: Server, database: Database, target: str, *options: str) -> None:
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as directory:
        command = ["pgcopydb", "clone", "--source", server.url(database.name), "--target", server.url(target)]
        command += ["--dir", f"{directory}/work", "--table-jobs", "2", "--index-jobs", "2", *options]
        _quietly(command, {"PATH": f"{server.programs}:{os.environ['PATH']}", "TMPDIR": directory})


def pgloader(server: Server, database: Database, target: str) -> None:
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as directory:
        place = f"postgres@127.0.0.1:{server.port}/"
        script = Path(directory) / "script.load"
        script.write_text(LOADER.format(source=place + database.name, target=place + target))
        _quietly(["pgloader", "--root-dir", directory, str(script)], {"PATH": os.environ["PATH"]})


def installed(name: str) -> bool:
    return shutil.which(name) is not None


def _pieces(server: Server, database: Database) -> list[tuple[str, str]]:
    """(table, condition): tables, the largest first; one table alone is cut in two."""
    if len(database.tables) > 1:
        return [(name, "") for name, _ in sorted(database.tables.items(), key=lambda item: -item[1])]
    (name,) = database.tables
    half = server.count(database.name, f"SELECT pg_relation_size('{name}') / 8192 / 2")
    return [(name, f"WHERE ctid < '({half},0)'"), (name, f"WHERE ctid >= '({half},0)'")]


def _pipe(server: Server, source: str, target: str, table: str, condition: str) -> None:
    program, columns = server.programs / "psql", "*"
    read = f"COPY (SELECT {columns} FROM {table} {condition}) TO STDOUT (FORMAT binary)"
    out = subprocess.Popen([program, "-qX", server.url(source), "-c", read], stdout=subprocess.PIPE)
    write = [program, "-qX", server.url(target), "-c", f"COPY {table} FROM STDIN (FORMAT binary)"]
    subprocess.run(write, stdin=out.stdout, check=True, timeout=SECONDS)
    if out.wait(60) != 0:
        raise RuntimeError(f"the pipe of {table} broke")


def _two(works: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()


def _quietly(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, text=True,
        env={**environment, "LANG": "C.UTF-8", "HOME": "/tmp"},
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-2000:])


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
