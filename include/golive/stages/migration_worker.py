"""Carries out one step of a release's migration on its databases. Each may be asked again and goes on where it was."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from golive.errors import GoliveError
from golive.migration import course
from golive.migration.accounting import account
from golive.migration.control import FENCE_TABLE, raise_fence
from golive.migration.ddl.history import applied
from golive.migration.ddl.running import Attempt, migrate_down, migrate_up
from golive.migration.discard import discard
from golive.migration.endpoint import Endpoint
from golive.migration.errors import LockBusy, RowsDiffer, ScriptBusy, ServerUnreachable
from golive.migration.handover import give_back, hand_over, is_flowing_back, take_back
from golive.migration.passes import is_handed_over
from golive.migration.prepare import state
from golive.migration.report.verification import verification_report
from golive.migration.settings import Migration, Progress
from golive.stages.documents import keep_report
from golive.stages.jobs import Done, Job
from golive.stages.moving import Move, endpoint, move_of, owner, scripts_of
from golive.stages.work import DatabaseStep, MigrationWork

if TYPE_CHECKING:
    from golive.stages.bench import Bench

ASK_AGAIN = (ServerUnreachable, ScriptBusy, LockBusy)
"""Nothing is known to be wrong: the same may go well a little later."""


def carry_out(bench: "Bench", job: Job, work: MigrationWork) -> Done:
    """Does the step under the job's token. Raises what is final."""
    try:
        return Done("done", _STEPS[work.step](bench, job))
    except ASK_AGAIN as error:
        return Done("unknown", str(error))


def find(bench: "Bench", job: Job, work: MigrationWork) -> Done:
    """What became of a step that nobody will close, by what its database says; whoever still tries it is refused.

    ``failed`` leaves its traces to the rollback, or to the next attempt, which goes on from them.
    """
    target = endpoint(bench.scope, job.target.removeprefix("database:"))
    fence(target, job.token)
    with target.session("find") as session:
        found = _FOUND[work.step](session, bench, job) if work.step in _FOUND else None
    if found is None:
        return Done("unknown", "not known by its database")
    return Done("done", "found in force") if found else Done("failed", "found not in force")


def _scripts_are_in(session: psycopg.Connection, bench: "Bench", job: Job) -> bool:
    done = {row.number for row in applied(session) if row.done}
    return done.issuperset(script.number for script in scripts_of(bench.scope))


def _rows_are_in(session: psycopg.Connection, bench: "Bench", job: Job) -> bool:
    return _has(session, "migration") and state(_known(bench, job), session) == "built"


def _is_compared(session: psycopg.Connection, bench: "Bench", job: Job) -> bool:
    """Nobody knows what it found: it is compared again."""
    return False


def _is_handed(session: psycopg.Connection, bench: "Bench", job: Job) -> bool:
    return _has(session, "pass") and is_handed_over(session, _known(bench, job))


def _has(session: psycopg.Connection, table: str) -> bool:
    return session.execute("SELECT to_regclass(%s)", (f"golive_migration.{table}",)).fetchone() != (None,)


def _known(bench: "Bench", job: Job) -> Migration:
    move = move_of(bench.scope, job.token)
    if move is None:
        raise GoliveError()
    return move.forward


_FOUND: Mapping[DatabaseStep, Callable[[psycopg.Connection, "Bench", Job], bool]] = {
    "schema": _scripts_are_in,
    "load": _rows_are_in,
    "compare": _is_compared,
    "sync": _is_handed,
}


def _schema(bench: "Bench", job: Job) -> str:
    target, role = _ddl_target(bench, job)
    attempt = Attempt(job.operation, job.token, role)
    return ", ".join(migrate_up(target, scripts_of(bench.scope), attempt, bench.runtime.say))


def _schema_back(bench: "Bench", job: Job) -> str:
    target, role = _ddl_target(bench, job)
    attempt = Attempt(job.undoes or "", job.token, role)
    return ", ".join(migrate_down(target, attempt, bench.runtime.say))


def _ddl_target(bench: "Bench", job: Job) -> tuple[Endpoint, str]:
    database = job.target.removeprefix("database:")
    target = endpoint(bench.scope, database)
    fence(target, job.token)
    return target, owner(bench.scope, database)


def fence(target: Endpoint, token: int) -> None:
    """From here on whoever has a lower token is refused there. Raises ``StaleMigration``."""
    with target.session("fence") as session:
        session.execute(FENCE_TABLE)
        raise_fence(session, token)


def fence_at_least(target: Endpoint, token: int) -> int:
    """The fence of the old database, whose own lease may count higher: at least ``token`` from here on."""
    with target.session("fence") as session:
        session.execute(FENCE_TABLE)
        row = session.execute(
            "UPDATE golive.fence SET token = greatest(token, %s) RETURNING token", (token,)
        ).fetchone()
        return int(row[0]) if row else token


def _load(bench: "Bench", job: Job) -> str:
    move = _move(bench, job)
    passes = course.move(move.forward)
    return f"{len(move.forward.flows)} tables, {sum(one.changes for one in passes)} changes followed"


def _discard(bench: "Bench", job: Job) -> str:
    move = _move(bench, job)
    return "discarded" if discard(move.forward, move.reverse) else "nothing was loaded"


def _compare(bench: "Bench", job: Job) -> str:
    """The report is kept whatever it says. Raises ``RowsDiffer``."""
    migration = _move(bench, job).forward
    found = course.compare(migration)
    accounting = account(migration)
    report = partial(verification_report, migration.name, found, accounting=accounting)
    keep_report(bench.runtime, "verification", lambda locale: report(locale=locale))
    if not found.equal:
        bad = [flow.target for flow in found.flows if not flow.equal] + [flaw.name for flaw in found.flaws]
        raise RowsDiffer(count=found.count, tables=", ".join(bad))
    return f"{sum(flow.target_rows for flow in found.flows)} rows are the same on both sides"


def _sync(bench: "Bench", job: Job) -> str:
    move = _move(bench, job)
    report = hand_over(move.forward, move.reverse, move.data.freeze_seconds)
    return f"frozen {report.frozen:.2f} s, {report.last.changes} last changes, verified {report.verified} units"


def _come_back(bench: "Bench", job: Job) -> str:
    """Before the hand-over was through there is nothing on the new side to bring back: writes are only given back."""
    move = _move(bench, job)
    if not is_flowing_back(move.reverse):
        give_back(move.forward)
        return "writes given back"
    report = take_back(move.forward, move.reverse, move.data.freeze_seconds)
    return f"frozen {report.frozen:.2f} s, {report.last.changes} changes brought back"


def _move(bench: "Bench", job: Job) -> Move:
    """Fenced before anything is looked at: what a lower token still does is refused from here on."""
    move = move_of(bench.scope, job.token, _teller(bench.runtime.say))
    if move is None:
        raise GoliveError()
    fence(move.forward.target, job.token)
    back = fence_at_least(move.reverse.target, job.token)
    return replace(move, reverse=replace(move.reverse, token=back))


def _teller(say: Callable[[str], None]) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        done = f"{progress.chunks_done}/{progress.chunks}"
        say(f"{progress.flow} {progress.step} {done} {progress.rows} rows {progress.bytes // 1024} kB")

    return tell


_STEPS: Mapping[DatabaseStep, Callable[["Bench", Job], str]] = {
    "schema": _schema,
    "schema_back": _schema_back,
    "load": _load,
    "discard": _discard,
    "compare": _compare,
    "sync": _sync,
    "come_back": _come_back,
}
