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
from collections.abc import Callable, Iterator
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
def servers() -> Iterator[tuple[Endpoint, Endpoint]]:
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
            yield ends[0], ends[1]
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


def timed(name: str, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    found = work()
    took = time.perf_counter() - began
    print(f"{name}: {took:.2f} s, load {os.getloadavg()[0]:.1f}, {found}", flush=True)
    return took


def test_three_million_rows_against_reladiff() -> None:
    """Equal, and then with one byte changed, which both must name; the figures are printed, not judged."""
    main(3_000_000)


def main(rows: int) -> None:
    with servers() as (source, target), reladiff() as program:
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
        rounds = []
        for _ in range(3):
            ours = timed("golive, equal", lambda: verify(migration).equal)
            rounds.append((ours, timed("reladiff, equal", lambda: peer(program, migration) or "equal")))
        best = [min(each) for each in zip(*rounds, strict=True)]
        print(f"{rows} rows: golive {best[0]:.2f} s, reladiff {best[1]:.2f} s, {best[1] / best[0]:.1f} times")
        run(target, f"UPDATE calls SET note = overlay(note PLACING '상담 기룩' FROM 33) WHERE id = {rows // 2}")
        timed("golive, one byte", lambda: verify(migration).flows[0].samples)
        timed("reladiff, one byte", lambda: peer(program, migration))
        _units(migration, rows)


def _units(migration: Migration, rows: int) -> None:
    """A thousand units that changed since the verification, as at the hand-over."""
    with migration.source.session("bench") as source, migration.target.session("bench") as target:
        for session in (source, target):
            session.execute(b"CREATE TEMP TABLE u AS SELECT i * 997 AS id FROM generate_series(1, 1000) i")
            session.execute("ANALYZE u")
        mine = "EXISTS (SELECT FROM pg_temp.u WHERE u.id = {}.id)"
        part = Part(migration.flows[0], mine.format("s"), mine.format("t"))
        for _ in range(2):
            timed("golive, 1,000 units", lambda: verify_units(migration, [part], source, target).equal)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000)
