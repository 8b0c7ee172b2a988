"""What the migration stage looks at: the old rows before anything is done, and what is expected of the new ones."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.migration.analysis.profile import profile, profile_tables
from golive.migration.catalogue import read_catalogue
from golive.migration.comparing import reading
from golive.migration.report.profile import profile_report
from golive.release.plan import PlannedStep
from golive.stages.documents import keep_document, keep_report
from golive.stages.moving import endpoint, mapping_of, move_of, scripts_of
from golive.stages.observe_trial import looking, say

if TYPE_CHECKING:
    from golive.stages.bench import Bench

Steps = tuple[PlannedStep, ...]


async def observe_source(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """How much there is and how sound it is, before anybody decides; and whether mapping and scripts can be read."""
    return await asyncio.to_thread(looking, bench, "analyze", _source)


async def observe_expectations(bench: "Bench", steps: Steps) -> tuple[Verdict, ...]:
    """What is expected of the moved rows, proposed by what the old ones are like."""
    return await asyncio.to_thread(looking, bench, "expectations", _expectations)


def _source(bench: "Bench") -> tuple[Verdict, ...]:
    scope = bench.scope
    names = ", ".join(str(script) for script in scripts_of(scope))
    found = [Verdict("analyze/scripts", Result.PASS, say(bench, "migration_scripts", names=names or "-"))]
    data = scope.manifest.migration.data
    if data is None:
        return tuple(found)
    mapping_of(scope, data)
    source = endpoint(scope, data.source)
    with source.session("analyze") as session:
        tables = tuple(table.name for table in read_catalogue(session).roots)
    with reading(source) as reader:
        seen = profile_tables(reader, tables, {})
    keep_report(bench.runtime, "profile", partial(profile_report, seen))
    for table in seen.tables:
        troubles = sum(trouble.count for column in table.columns for trouble in column.troubles)
        detail = say(bench, "migration_table", rows=table.rows, kilobytes=table.bytes // 1024, troubles=troubles)
        found.append(Verdict(f"analyze/{table.table}", Result.PASS, detail, table.rows))
    return tuple(found)


def _expectations(bench: "Bench") -> tuple[Verdict, ...]:
    from golive.migration.expectations import checkpoint, suite

    move = move_of(bench.scope)
    if move is None:
        return ()
    with move.forward.target.session("expectations") as session:
        tables = read_catalogue(session).tables
    required = {name: frozenset(c.name for c in table.columns if c.not_null) for name, table in tables.items()}
    suites = suite.proposed(profile(move.forward), move.forward.flows, required)
    checked = checkpoint.check(move.forward, suites)
    keep_document(bench.runtime, "expectations", checked.docs, "application/zip")
    return tuple(
        Verdict(
            f"expectations/{result.table}/{result.kind}{'/' + result.column if result.column else ''}",
            Result.PASS if result.success else Result.FAIL,
            "" if result.success else say(bench, "migration_unexpected", count=result.unexpected or 0),
        )
        for result in checked.results
    )
