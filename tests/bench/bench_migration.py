"""The bulk load beside its peers, alternately in the same run: what counts is the ratio.

``./golive test bench -- -k bench_migration``; peers that are not installed are left out. BENCH_ROWS (3000000),
BENCH_SCALE (200000), BENCH_ROUNDS (2), BENCH_SIZES (1000000,3000000,10000000), BENCH_FSYNC, BENCH_DIRECTORY.
"""

import os
import statistics
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.bench import migration_contenders as contenders
from tests.bench.migration_data import Database, large, related
from tests.bench.migration_server import Server, server

ROWS = int(os.environ.get("BENCH_ROWS", "3000000"))
SCALE = int(os.environ.get("BENCH_SCALE", "200000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "1000000,3000000,10000000").split(",")]
MEGABYTES = 150
Found = dict[str, object]


@pytest.fixture(scope="module")
def machine() -> Iterator[Server]:
    with server() as running:
        yield running


def filled(machine: Server, database: Database) -> Database:
    """The source, made once, vacuumed as a table in use is."""
    known = machine.count("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{database.name}'")
    if not known:
        machine.run("postgres", f"CREATE DATABASE {database.name} TEMPLATE template0")
        machine.run(database.name, *database.create, *database.fill, *database.keys, *database.foreign)
        machine.run(database.name, "VACUUM ANALYZE")
    return database


def once(machine: Server, database: Database, work: Callable[[Server, Database, str], Found | None]) -> Found:
    """One move into an empty database, and whether every row and key is there; ``total`` is its seconds."""
    machine.run("postgres", "DROP DATABASE IF EXISTS moved", "CREATE DATABASE moved TEMPLATE template0", "CHECKPOINT")
    found: Found = {}

    def move() -> None:
        found.update(work(machine, database, "moved") or {})

    total = contenders.timed(move)
    if isinstance(found.get("seconds"), dict):
        total = sum(found["seconds"].values())  # type: ignore[attr-defined]
    for table, rows in database.tables.items():
        assert machine.count("moved", f"SELECT count(*) FROM {table}") == rows
    keys = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'"
    assert machine.count("moved", keys) == machine.count(database.name, keys)
    machine.run("postgres", "DROP DATABASE moved")
    return {**found, "total": total}


def beside(
    machine: Server, database: Database, rivals: dict[str, Callable[..., Found | None]]
) -> dict[str, list[float]]:
    """Seconds of each, alternately; printed as they come, with each one's ratio to ours in the same round."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(ROUNDS):
        for name, work in rivals.items():
            found = once(machine, database, work)
            seconds[name].append(float(str(found["total"])))
            print(f"{database.name} round {number}: {name} {found}", flush=True)
    for name, took in seconds.items():
        ratios = [one / own for one, own in zip(took, seconds["ours"], strict=True)]
        shown = ", ".join(f"{second:.1f}" for second in took)
        print(f"{database.name}: {name} {shown} s; {statistics.median(ratios):.2f} of ours", flush=True)
    return seconds


def rivals() -> dict[str, Callable[..., Found | None]]:
    every: dict[str, Callable[..., Found | None]] = {"ours": contenders.ours, "floor": contenders.floor}
    if contenders.installed("pgcopydb"):
        every["pgcopydb"] = contenders.pgcopydb
        every["pgcopydb, tables split"] = partial(_split_pgcopydb)
    if contenders.installed("pgloader"):
        every["pgloader"] = contenders.pgloader
    return every


def _split_pgcopydb(machine: Server, database: Database, target: str) -> None:
    contenders.pgcopydb(machine, database, target, "--split-tables-larger-than", "64MB")


@pytest.mark.bench
def test_one_large_table(machine: Server) -> None:
    """Text, Korean, jsonb, numeric, timestamptz; a primary key and one index."""
    beside(machine, filled(machine, large(ROWS)), rivals())


@pytest.mark.bench
def test_twenty_related_tables(machine: Server) -> None:
    """Keys, foreign keys and indexes included."""
    beside(machine, filled(machine, related(SCALE)), rivals())


@pytest.mark.bench
def test_a_mapping_costs_little(machine: Server) -> None:
    """The same table through expressions in four of its six columns."""
    mapped: Callable[..., Found | None] = partial(contenders.ours, kind="mapped")
    beside(machine, filled(machine, large(ROWS)), {"ours": contenders.ours, "mapped": mapped})


@pytest.mark.bench
def test_cost_of_a_row_and_memory_at_any_size(machine: Server) -> None:
    """Both stay flat."""
    for rows in SIZES:
        database = filled(machine, large(rows))
        found = once(machine, database, contenders.ours)
        print(f"{rows} rows: {float(str(found['total'])) / rows * 1e6:.2f} s per million, {found}", flush=True)
        assert int(str(found["peak_mb"])) <= MEGABYTES
        if rows != ROWS:
            machine.run("postgres", f"DROP DATABASE {database.name}")
