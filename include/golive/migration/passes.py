"""A pass: what changed on the source is copied again, and the target is then the source as of one moment.

One snapshot of the source, one transaction on the target. The changes that the snapshot showed are deleted by the same
source transaction, after the target's commit; a pass that dies in between is done again and finds the same.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from psycopg import IsolationLevel, errors

from golive.errors import TargetError
from golive.migration import apply_sql, unit_sql
from golive.migration.capture.advance import CHANGES, advance, complete, done
from golive.migration.capture.plan import Captured
from golive.migration.capture.tables import captured
from golive.migration.control import check_fence
from golive.migration.errors import HandedOver, LockBusy, NotReady
from golive.migration.freeze import pass_freeze
from golive.migration.holds import hold
from golive.migration.names import literal
from golive.migration.settings import Migration, Progress
from golive.migration.staging import Seen, Staged, changes, stage
from golive.migration.statements import Session, run, value
from golive.migration.target_keys import target_keys

Kind = Literal["settle", "pass", "verify", "final"]
"""``settle``: before the target's keys exist. ``verify``: a full verification looks at its snapshot."""

Inspect = Callable[[str], None]
"""Is given the name of the exported source snapshot (``SET TRANSACTION SNAPSHOT``) of which the target is now the
image; as long as it runs, no other pass does. What it raises leaves the changes to be copied again."""

HANDED, TAKEN_BACK = "handed", "taken back"
LOCK_CLASS = 7_204_120
PATIENCE_SECONDS = 120.0
TRUNCATE_TRIES = 5
LOST_CLIENT = {"client_connection_check_interval": "5s"}
"""A worker that was killed must not hold its snapshot and locks on for the length of its last statement."""


@dataclass(frozen=True)
class PassReport:
    """``changes`` were read, of ``units``; ``rows`` of them carried over, ``touched`` written. ``left`` changes have
    come since, estimated where a log would have to be read. A flow that was copied whole counts no units."""

    number: int
    kind: Kind
    changes: int
    units: int
    rows: int
    touched: int
    seconds: float
    left: int


def run_pass(migration: Migration, kind: Kind = "pass", inspect: Inspect | None = None) -> PassReport:
    """Does one pass.

    Raises ``StaleMigration``, ``LockBusy``, ``NotReady`` without a capture, ``HandedOver``, or a server's error.

    A TRUNCATE of the source empties a table for older snapshots too, so that children may be seen without parents;
    and while it waits for this snapshot's readers, a verification waits for it. The next snapshot is past it.
    """
    for _ in range(TRUNCATE_TRIES - 1):
        try:
            return _run_pass(migration, kind, inspect)
        except TargetError as error:
            if not isinstance(error.__cause__, errors.ForeignKeyViolation | errors.LockNotAvailable):
                raise
    return _run_pass(migration, kind, inspect)


def _run_pass(migration: Migration, kind: Kind, inspect: Inspect | None) -> PassReport:
    with (
        migration.source.session("pass", **LOST_CLIENT) as source,
        migration.target.session("pass", **LOST_CLIENT) as target,
    ):
        return pass_in(migration, kind, source, target, inspect)


def pass_in(
    migration: Migration, kind: Kind, source: Session, target: Session, inspect: Inspect | None = None
) -> PassReport:
    """As ``run_pass``, in sessions that are open."""
    started = time.monotonic()
    _alone(target, migration)
    if is_handed_over(target, migration):
        raise HandedOver(migration=migration.name, database=str(migration.target))
    pass_freeze(target)
    if kind != "settle":
        hold(target, migration)
    items = captured(source, migration.name)
    if not items and migration.capture != "frozen":
        raise NotReady(step=kind, missing="the capture of changes has not begun")
    advance(migration, source, items)
    report = _snapshot(migration, kind, source, target, items, inspect, started)
    run(target, f"SELECT pg_advisory_unlock({LOCK_CLASS}, hashtext({literal(migration.name)}))")
    return report


def _snapshot(
    migration: Migration,
    kind: Kind,
    source: Session,
    target: Session,
    items: tuple[Captured, ...],
    inspect: Inspect | None,
    started: float,
) -> PassReport:
    numbers = tuple(item.number for item in items)
    source.isolation_level = IsolationLevel.REPEATABLE_READ
    with source.transaction():
        snapshot = str(value(source, "SELECT pg_current_snapshot()"))
        known = complete(migration, source, items, snapshot)
        seen = changes(source, items, known.relation)
        staged = stage(source, target, migration.flows, Seen(items, seen, known.relation))
        number, touched = _apply_patiently(migration, kind, target, staged, snapshot, started)
        if inspect:
            inspect(str(value(source, "SELECT pg_export_snapshot()")))
        if seen:
            run(source, unit_sql.consume(numbers))
    source.isolation_level = None
    seconds = time.monotonic() - started
    for one in staged:
        migration.report(Progress(one.flow.name, kind, one.rows, 0, 1, 1, seconds))
    consumed = sum(count for count, _whole in seen.values())
    left = done(migration, source, known, consumed)
    return PassReport(
        number=number,
        kind=kind,
        changes=consumed,
        units=sum(one.units for one in staged),
        rows=sum(one.rows for one in staged),
        touched=touched,
        seconds=seconds,
        left=left + sum(count for count, _whole in changes(source, items, CHANGES).values()),
    )


def _apply_patiently(
    migration: Migration, kind: Kind, target: Session, staged: tuple[Staged, ...], snapshot: str, started: float
) -> tuple[int, int]:
    """Again, from the rows that are there, where an application's lock or a deadlock undid it."""
    pause = 0.1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with target.transaction():
                return _apply(migration, kind, target, staged, snapshot, started)
        except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure) as error:
            if time.monotonic() + pause > deadline:
                raise LockBusy(database=str(migration.target), purpose=kind, seconds=PATIENCE_SECONDS) from error
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- two that met must not meet again
        pause = min(2 * pause, 2.0)


def _apply(
    migration: Migration, kind: Kind, target: Session, staged: tuple[Staged, ...], snapshot: str, started: float
) -> tuple[int, int]:
    """The pass's number, and the rows written."""
    name = literal(migration.name)
    run(target, "SET CONSTRAINTS ALL DEFERRED")
    keys = target_keys(target, (one.flow for one in staged if one.flow.key))
    touched = sum(max(run(target, text), 0) for one in staged for text in _statements(one, kind, keys))
    number = int(
        value(target, f"SELECT coalesce(max(number), 0) + 1 FROM golive_migration.pass WHERE migration = {name}")
    )
    _remember(migration, kind, target, staged, number)
    figures = (
        sum(one.units for one in staged),
        sum(one.rows for one in staged),
        time.monotonic() - started,
        migration.token,
    )
    run(target, apply_sql.record_pass(migration.name, number, kind, snapshot, figures))
    check_fence(target, migration.token)
    return number, touched


def _statements(one: Staged, kind: Kind, keys: dict[str, apply_sql.TargetKeys]) -> tuple[str, ...]:
    if kind == "settle" or not one.flow.key:
        return apply_sql.replace(one.flow, one.place, one.whole, one.nulls)
    return apply_sql.merge(one.flow, one.place, one.whole, one.nulls, keys[one.flow.name])


def _remember(migration: Migration, kind: Kind, target: Session, staged: tuple[Staged, ...], number: int) -> None:
    """Keeps what changed since the last full verification, which begins with this pass or was before it."""
    name = literal(migration.name)
    if kind == "verify":
        run(target, f"DELETE FROM golive_migration.changed_unit WHERE migration = {name}")
        return
    if is_verified(target, migration):
        for one in staged:
            run(target, unit_sql.remember_units(one.flow, one.place, migration.name, number, one.whole))


def is_verified(target: Session, migration: Migration) -> bool:
    """Whether a full verification was begun; since then, what changes is noted."""
    mine = f"SELECT FROM golive_migration.pass WHERE migration = {literal(migration.name)} AND kind = 'verify'"
    return bool(value(target, f"SELECT EXISTS ({mine})"))


def is_handed_over(target: Session, migration: Migration) -> bool:
    """Whether the target is in use, and not taken back since."""
    mine = f"FROM golive_migration.pass WHERE migration = {literal(migration.name)}"
    return bool(value(target, f"SELECT kind {mine} ORDER BY number DESC LIMIT 1") == HANDED)


def mark(migration: Migration, word: str) -> str:
    """A row among the passes that says what became of the target (``HANDED``, ``TAKEN_BACK``), as SQL."""
    name = literal(migration.name)
    return (
        "INSERT INTO golive_migration.pass (migration, number, kind, snapshot, units, rows, seconds, token)"
        f" SELECT {name}, coalesce(max(number), 0) + 1, {literal(word)}, '', 0, 0, 0, {migration.token}"
        f" FROM golive_migration.pass WHERE migration = {name}"
    )


def _alone(target: Session, migration: Migration) -> None:
    """One pass at a time; a worker that was lost is waited for, and its commit is refused by the fence."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    ask = f"SELECT pg_try_advisory_lock({LOCK_CLASS}, hashtext({literal(migration.name)}))"
    while not value(target, ask):
        if time.monotonic() > deadline:
            raise LockBusy(database=str(migration.target), purpose="another pass", seconds=PATIENCE_SECONDS)
        time.sleep(0.2)
