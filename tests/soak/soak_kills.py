"""Ten million rows under fifty kills of the worker: none lost, none doubled.

``./golive test soak -- -k kills``; SOAK_ROWS (10000000), SOAK_KILLS (50). The checker shares no code with the engine.
"""

import os
import random
import time

from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.endpoint import Endpoint
from golive.migration.load import load
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.settings import Limits, Migration
from tests.checker.rows import merge
from tests.migration.flows import migration, run_sql, same, url
from tests.migration.kills import killed_after

ROWS = int(os.environ.get("SOAK_ROWS", "10000000"))
KILLS = int(os.environ.get("SOAK_KILLS", "50"))
CREATE = """
CREATE TABLE call (id bigint, name text, extra jsonb, amount numeric(12, 2), at timestamptz,
                   CONSTRAINT call_pkey PRIMARY KEY (id));
CREATE INDEX call_at ON call (at)"""
FILL = f"""
INSERT INTO call SELECT i, '고객 ' || i, jsonb_build_object('n', i % 97), (i % 1000000) * 1.37,
       timestamptz '2020-01-01' + i * interval '7 seconds' FROM generate_series(1, {ROWS}) i"""
QUERY = "SELECT id::text, name, extra::text, amount::text, at::text FROM call ORDER BY id"


def everything(wanted: Migration) -> None:
    """The steps in their order, each of which goes on where it was killed."""
    for step in (prepare, put_aside, plan_chunks, load, build):
        step(wanted)


def test_no_row_is_lost_or_doubled_under_kills(source: Endpoint, target: Endpoint) -> None:
    """Whatever step the worker is killed in, it is begun again and ends with the source's rows."""
    run_sql(source, CREATE, FILL)
    run_sql(target, CREATE)
    flow = same("call", {"id": "bigint", "name": "text", "extra": "jsonb", "amount": "numeric", "at": "timestamptz"})
    wanted = migration(source, target, flow, limits=Limits(chunk_bytes=16 << 20))
    chance, kills, began = random.Random(50), 0, time.monotonic()
    longest = 1.0
    while kills < KILLS and killed_after(chance.uniform(0.1, longest), lambda: everything(wanted)):
        kills += 1
        longest = 1.0 + kills * ROWS / 10_000_000  # longer and longer, so that every step sees some deaths
    everything(wanted)
    seconds = time.monotonic() - began
    print(f"{ROWS} rows, {kills} kills, {seconds:.0f} s")
    assert kills == KILLS or ROWS < 10_000_000
    assert merge(url(source), url(target), QUERY) == []
