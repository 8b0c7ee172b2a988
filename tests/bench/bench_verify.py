"""Row verification of 3 M rows on each side: ours against reladiff, in the same run on the same servers.

Run it as ``./golive test bench -- -k verify`` on a quiet machine. It needs the package index once, for reladiff in an
environment of its own under ``$GOLIVE_BENCH_VENV``, or a temporary one. Both sides compare every column of every row.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow
from golive.migration.settings import Migration
from golive.migration.verify import verify, verify_units
from golive.secret import Secret
from tests.domain.conftest import Postgres
from tests.migration.proof import flow_of, migration_of, run

RELADIFF = ("reladiff==0.6.0", "psycopg2-binary")
COLUMNS = {
    "id": "bigint", "name": "text", "note": "text", "extra": "jsonb", "amount": "numeric(12,2)",
    "at": "timestamp with time zone", "kind": "integer",
}  # fmt: skip
TABLE = """
CREATE TABLE calls (id bigint PRIMARY KEY, name text, note text, extra jsonb, amount numeric(12,2), at timestamptz,
kind integer)"""
FILL = """
INSERT INTO calls SELECT i, '고객' || i, md5(i::text) || '상담 기록',
jsonb_build_object('a', i, 'b', '값' || (i % 100)), i * 1.37,
timestamptz '2020-01-01' + i * interval '1 second', i % 1000 FROM generate_series(1, {rows}) i"""
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB"}


@dataclass(frozen=True)
class Part:
    flow: Flow
    source_condition: str
    target_condition: str


@contextmanager
def servers() -> Iterator[tuple[Endpoint, Endpoint, list[int]]]:
    """One server for each side."""
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as name:
        made = []
        try:
            for side in ("source", "target"):
                folder = Path(name) / side
                folder.mkdir()
                Path(name).chmod(0o755)
                made.append(Postgres(folder, **SETTINGS))
                made[-1].start()
            ends = [Endpoint("127.0.0.1", s.port, "postgres", Secret(s.password), s.create_database()) for s in made]
            yield ends[0], ends[1], [server.process.pid for server in made if server.process]
        finally:
            for server in made:
                server.stop(signal.SIGQUIT)


@contextmanager
def reladiff() -> Iterator[Path]:
    """The peer's program."""
    kept = os.environ.get("GOLIVE_BENCH_VENV")
    folder = Path(kept or tempfile.mkdtemp(prefix="golive-bench-venv-"))
    if not (folder / "bin/reladiff").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        subprocess.run([str(folder / "bin/pip"), "install", "--quiet", *RELADIFF], check=True, timeout=600)
    yield folder / "bin/reladiff"
    if not kept:
        shutil.rmtree(folder)


def url(endpoint: Endpoint) -> str:
    password = endpoint.password.reveal() if endpoint.password else ""
    return f"postgresql://{endpoint.user}:{password}@{endpoint.host}:{endpoint.port}/{endpoint.database}"


def peer(program: Path, migration: Migration) -> str:
    """Every column of both tables, as its manual says; its differences."""
    others = [word for name in COLUMNS if name != "id" for word in ("-c", name)]
    words = [str(program), url(migration.source), "calls", url(migration.target), "calls", "-k", "id", *others]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=True)
    return done.stdout.strip()


def timed(name: str, pids: Iterable[int], work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock seconds, and processor seconds of both servers' sessions: a busy machine stretches the first."""
    began, spent = time.perf_counter(), processor(pids)
    found = work()
    took = time.perf_counter() - began
    time.sleep(0.2)  # a session that ends is counted when its server has noticed
    spent = processor(pids) - spent
    load = os.getloadavg()[0]
    print(f"{name}: {took:.2f} s, servers' processors {spent:.2f} s, load {load:.1f}, {found}", flush=True)
    return took, spent


def processor(pids: Iterable[int]) -> float:
    """What the ended children of these processes have used, in seconds."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(each[13]) + int(each[14]) for each in fields) / os.sysconf("SC_CLK_TCK")


def test_three_million_rows_against_reladiff() -> None:
    """Equal, and then with one byte changed, which both must name; the figures are printed, not judged."""
    main(3_000_000)


def main(rows: int) -> None:
    with servers() as (source, target, pids), reladiff() as program:
        for side in (source, target):
            run(
                side,
                TABLE,
                FILL.format(rows=rows),
                "CREATE INDEX ON calls (at)",
                "VACUUM (ANALYZE) calls",
                "CHECKPOINT",
            )
        migration = migration_of(source, target, flow_of("calls", COLUMNS, public=("id",)))
        ours, theirs = [], []
        for _ in range(3):
            ours.append(timed("golive, equal", pids, lambda: verify(migration).equal))
            theirs.append(timed("reladiff, equal", pids, lambda: peer(program, migration) or "equal"))
        wall, spent = (min(each[n] for each in theirs) / min(each[n] for each in ours) for n in (0, 1))
        print(f"{rows} rows: {wall:.1f} times as fast as reladiff, with 1/{spent:.1f} of the servers' processors")
        run(target, f"UPDATE calls SET note = overlay(note PLACING '상담 기룩' FROM 33) WHERE id = {rows // 2}")
        timed("golive, one byte", pids, lambda: verify(migration).flows[0].samples)
        timed("reladiff, one byte", pids, lambda: peer(program, migration))
        _units(migration, rows, pids)


def _units(migration: Migration, rows: int, pids: list[int]) -> None:
    """A thousand units that changed since the verification, as at the hand-over."""
    with migration.source.session("bench") as source, migration.target.session("bench") as target:
        units = f"SELECT i * {rows // 1000} AS id FROM generate_series(1, 1000) i"
        for session in (source, target):
            session.execute(f"CREATE TEMP TABLE u AS {units}".encode())
            session.execute("ANALYZE u")
        mine = "EXISTS (SELECT FROM pg_temp.u WHERE u.id = {}.id)"
        part = Part(migration.flows[0], mine.format("s"), mine.format("t"))
        for _ in range(2):
            timed("golive, 1,000 units", pids, lambda: verify_units(migration, [part], source, target).equal)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000)
