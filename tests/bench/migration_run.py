"""One migration in a process of its own; prints seconds per step and the peak of its memory as JSON.

``python -m tests.bench.migration_run PORT SOURCE TARGET plain|mapped WORKERS CHUNK_MEGABYTES``
"""

import dataclasses
import json
import resource
import sys
import time

from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.catalogue import read_catalogue
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow, FlowColumn
from golive.migration.flows import identity_flows
from golive.migration.load import load
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.settings import Limits, Migration

EXPRESSIONS = {
    "name": "btrim(replace(s.name, '김', '金'))",
    "memo": "coalesce(nullif(s.memo, ''), '없음')",
    "amount": "CASE WHEN s.amount < 0 THEN 0 ELSE s.amount * 100 / 100 END",
    "at": "s.at AT TIME ZONE 'Asia/Seoul' AT TIME ZONE 'Asia/Seoul'",
}
"""A mapping as it is common: a cleansing, a default, arithmetic, a zone."""


def main() -> None:
    port, source_name, target_name, kind, workers, megabytes = sys.argv[1:]
    source, target = (
        Endpoint("127.0.0.1", int(port), "postgres", None, name, "disable") for name in (source_name, target_name)
    )
    with source.session("bench") as old, target.session("bench") as new:
        flows = identity_flows(read_catalogue(old, ["public"]), read_catalogue(new, ["public"]))
    if kind == "mapped":
        flows = tuple(_mapped(flow) for flow in flows)
    limits = Limits(workers=int(workers), chunk_bytes=int(megabytes) << 20)
    wanted = Migration("bench", source, target, flows, "sha256:" + "0" * 64, 1, capture="frozen", limits=limits)
    seconds = {}
    for step in (prepare, put_aside, plan_chunks, load, build):
        began = time.perf_counter()
        step(wanted)
        seconds[step.__name__] = round(time.perf_counter() - began, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    processor = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "cpu": round(processor.ru_utime + processor.ru_stime, 2)}))


def _mapped(flow: Flow) -> Flow:
    def column(one: FlowColumn) -> FlowColumn:
        return dataclasses.replace(one, expression=EXPRESSIONS.get(one.name, one.expression))

    return dataclasses.replace(flow, columns=tuple(map(column, flow.columns)))


if __name__ == "__main__":
    main()
