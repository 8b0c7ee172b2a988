"""How long writes are refused at the hand-over, under a writer of 1,000 transactions (2,000 rows) a second.

A real application writes in a process of its own and notes what was acknowledged; the old database is 50,000 customers
and 500,000 orders, mapped with a lookup, a filter and a query. After the hand-over each acknowledged order must be on
the target exactly once. Run it as ``./golive test bench -- -k freeze``.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from golive.migration.capture import begin_capture, end_capture
from golive.migration.catch_up import catch_up
from golive.migration.endpoint import Endpoint
from golive.migration.final import final_sync
from golive.migration.passes import run_pass
from golive.migration.prepare import prepare
from golive.migration.settings import Migration
from golive.migration.verify import unit_verifier, verify_in_snapshot
from tests.migration import conftest as databases
from tests.migration.checker import wrong
from tests.migration.processes import ROOT, libpq
from tests.migration.shop import load, shop, write

postgres, source, target = databases.postgres, databases.source, databases.target
CUSTOMERS, ORDERS, RATE, SESSIONS = 50_000, 500_000, 1_000, 4
BUDGET_SECONDS = 30


@pytest.fixture(params=["triggers", "pgoutput"])
def migration(source: Endpoint, target: Endpoint, request: pytest.FixtureRequest) -> Iterator[Migration]:
    """The shop, loaded, with a capture."""
    migration = shop(source, target, request.param)
    write(
        source,
        f"INSERT INTO cust SELECT n, 'name ' || n, 'm' || n, 'A' FROM generate_series(1, {CUSTOMERS}) n",
        f"INSERT INTO ord SELECT n, 1 + n % {CUSTOMERS}, n FROM generate_series(1, {ORDERS}) n",
        "ANALYZE cust, ord",
    )
    prepare(migration)
    begin_capture(migration)
    load(migration)
    write(target, "ANALYZE customer, purchase, total")
    yield migration
    end_capture(migration)


def test_writes_are_refused_for_a_moment(migration: Migration) -> None:
    """Each acknowledged write is on the target exactly once; the figures are printed, and the moment is judged."""
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as folder:
        acknowledged = Path(folder) / "acknowledged"
        process = _writer(migration.source, acknowledged)
        try:
            time.sleep(2)
            run_pass(migration)
            run_pass(migration, "verify", lambda name: verify_in_snapshot(migration, name).require_equal())
            time.sleep(5)
            passes = catch_up(migration, 2)
            report = final_sync(migration, BUDGET_SECONDS, unit_verifier(migration))
            said = json.loads(process.communicate("", 60)[0])
        finally:
            process.kill()
            process.wait(60)
        orders = [int(line) for line in acknowledged.read_text(encoding="utf-8").splitlines()]
    assert said["ended"] == ["ZG001"]
    assert _on_target(migration, orders) == len(orders) == said["acknowledged"] > 0
    assert wrong(migration.source, migration.target) == {}
    pace = [f"{one.changes} changes in {one.seconds:.2f} s" for one in passes]
    print(f"\n{migration.capture}: {len(orders)} acknowledged; passes: {'; '.join(pace)}")
    print(f"frozen {report.frozen:.2f} s, of which writers stood still {report.stalled:.3f} s; last pass ", end="")
    print(f"{report.last.changes} changes in {report.last.seconds:.2f} s; {report.verified} units verified; ", end="")
    waited = f"a writer waited {said['median'] * 1000:.1f} ms, at most {said['longest'] * 1000:.0f}"
    print(f"{waited}; load {os.getloadavg()[0]:.1f}")


def _writer(database: Endpoint, acknowledged: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(ROOT / "include"), str(ROOT)))
    settings = {"RATE": str(RATE), "SESSIONS": str(SESSIONS), "ACKNOWLEDGED": str(acknowledged), "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.steady_writer"],
        cwd=ROOT,
        env={**os.environ, **libpq(database), **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _on_target(migration: Migration, orders: list[int]) -> int:
    """How many of them are there, each counted as often as it is there."""
    assert len(set(orders)) == len(orders)
    with migration.target.session("checker") as session:
        row = session.execute(
            "SELECT count(*) FROM public.purchase p JOIN unnest(%s::bigint[]) w (id) ON p.purchase_id = w.id", (orders,)
        ).fetchone()
    return int(row[0]) if row else 0
