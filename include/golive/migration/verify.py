"""Whether the target is the source, row by row. Reads only; what differs is counted exactly and named in part.

Each server hashes its rows in one scan (``digests``); the server parallels a large table by itself, and we go through
several flows at once. All of it happens in one snapshot of each side.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import psycopg

from golive.migration.comparing import (
    Comparison,
    Reader,
    Readers,
    Row,
    comparison,
    exported,
    reader_of,
    reading,
)
from golive.migration.flaws import flaws
from golive.migration.flow import Flow
from golive.migration.merging import Found
from golive.migration.privacy import Veil, veil_in, veil_of
from golive.migration.settings import Migration, Progress
from golive.migration.verdict import Difference, FlowVerdict, ObjectFlaw, RowDifference, Verification

SAMPLES = 100
"""Differing rows that are named for each flow."""


@dataclass(frozen=True)
class RawDifference:
    """A differing row as it is on each side, None where it is not. For the private file alone, never for a report."""

    flow: str
    columns: tuple[str, ...]
    source: Row | None
    target: Row | None


Keep = Callable[[RawDifference], None]


def verify(migration: Migration, snapshot: str | None = None, *, keep: Keep | None = None) -> Verification:
    """Compares every row of every flow, and looks at the target's objects. ``snapshot`` is the source's, exported by
    a session that stays open; without one, the source as it is now. ``keep`` is given the raw rows that differ.

    Raises ``ServerUnreachable``, ``ServerFailed``; never says that rows are equal which it has not compared.
    """
    veil = veil_of(migration)
    with reading(migration.source, snapshot) as source, reading(migration.target) as target:
        names = (snapshot or exported(source), exported(target))
        verdicts = _compare_all(migration, names, veil, keep)
        return Verification(verdicts, _flaws(migration, target), names[0])


def verify_in_snapshot(migration: Migration, snapshot_id: str, *, keep: Keep | None = None) -> Verification:
    """``verify`` inside a pass, in the source snapshot that it exported; the target is as the pass has committed it."""
    return verify(migration, snapshot_id, keep=keep)


class Part(Protocol):
    """Which rows of a flow: those for which the conditions over ``s`` and over ``t`` hold, empty ones choosing all."""

    @property
    def flow(self) -> Flow: ...
    @property
    def source_condition(self) -> str: ...
    @property
    def target_condition(self) -> str: ...


def verify_units(
    migration: Migration,
    parts: Iterable[Part],
    source: psycopg.Connection,
    target: psycopg.Connection,
    *,
    keep: Keep | None = None,
) -> Verification:
    """Compares the rows of ``parts`` alone, and no objects, in sessions that the caller has open (the conditions may
    read its temporary tables) while both sides stand still. For what changed since the last whole verification:
    milliseconds where both conditions are served by an index. No parts at all are equal: nothing changed."""
    veil, seed = veil_in(target, migration), _seed()
    readers = Readers(reader_of(migration.source, source), reader_of(migration.target, target))
    with source.transaction(), target.transaction():
        verdicts = tuple(
            _compare(comparison(readers, part.flow, seed, part.source_condition, part.target_condition), veil, keep)
            for part in parts
        )
    return Verification(verdicts, partial=True)


def unit_verifier(
    migration: Migration, *, keep: Keep | None = None
) -> Callable[[Iterable[Part], psycopg.Connection, psycopg.Connection], None]:
    """``verify_units`` as the final synchronisation calls it: raises ``RowsDiffer`` where they differ."""

    def check(parts: Iterable[Part], source: psycopg.Connection, target: psycopg.Connection) -> None:
        verify_units(migration, parts, source, target, keep=keep).require_equal()

    return check


def verify_objects(migration: Migration) -> tuple[ObjectFlaw, ...]:
    """The target's sequences, constraints, indexes, keys and triggers alone: after a hand-over, for one."""
    with reading(migration.target) as target:
        return _flaws(migration, target)


def _flaws(migration: Migration, target: Reader) -> tuple[ObjectFlaw, ...]:
    tables = tuple(dict.fromkeys(flow.target for flow in migration.flows))
    with migration.target.told():
        return flaws(target.session, migration.name, tables)


def _compare_all(
    migration: Migration, snapshots: tuple[str, str], veil: Veil, keep: Keep | None
) -> tuple[FlowVerdict, ...]:
    """Every flow, several at a time, each worker in sessions of its own. Verdicts in the flows' order."""
    waiting, done, seed = deque(migration.flows), dict[str, FlowVerdict](), _seed()

    def work() -> None:
        with _readers(migration, snapshots) as readers:
            while flow := _next(waiting):
                done[flow.name] = _compare(comparison(readers, flow, seed), veil, keep)
                migration.report(_progress(done[flow.name]))

    count = max(1, min(migration.limits.workers, len(migration.flows)))
    with ThreadPoolExecutor(count, thread_name_prefix="golive-verify") as pool:
        workers = [pool.submit(work) for _ in range(count)]
        try:
            for worker in workers:
                worker.result()
        finally:
            waiting.clear()
    return tuple(done[flow.name] for flow in migration.flows)


def _compare(comparing: Comparison, veil: Veil, keep: Keep | None) -> FlowVerdict:
    """Buckets first; only those that differ are looked into row by row."""
    began, flow = time.monotonic(), comparing.flow
    source, target = comparing.buckets()
    wanted = [number for number in source.keys() | target.keys() if source.get(number) != target.get(number)]
    counts = dict.fromkeys(Difference, 0)
    samples: tuple[RowDifference, ...] = ()
    if wanted:
        stream = _counting(comparing.differences(wanted), counts)
        first = tuple(islice(stream, SAMPLES))
        deque(stream, maxlen=0)
        samples = _samples(comparing, first, veil, keep)
    return FlowVerdict(
        flow=flow.name,
        target=str(flow.target),
        source_rows=sum(rows for rows, _ in source.values()),
        target_rows=sum(rows for rows, _ in target.values()),
        missing=counts[Difference.MISSING],
        extra=counts[Difference.EXTRA],
        different=counts[Difference.DIFFERENT],
        unexplained=bool(wanted) and not any(counts.values()),
        samples=samples,
        seconds=time.monotonic() - began,
    )


def _counting(found: Iterator[Found], counts: dict[Difference, int]) -> Iterator[Found]:
    for each in found:
        counts[each.kind] += each.count
        yield each


def _samples(
    comparing: Comparison, found: tuple[Found, ...], veil: Veil, keep: Keep | None
) -> tuple[RowDifference, ...]:
    """The rows themselves are read again, to name the columns that differ, and for the private file."""
    source, target = (_by_key(rows) for rows in comparing.full([each.key_hash for each in found]))
    samples = []
    for each in found:
        ours, theirs = source.get(each.key_hash), target.get(each.key_hash)
        names = _columns(comparing.flow, ours, theirs) if each.kind is Difference.DIFFERENT else ()
        samples.append(RowDifference(each.kind, veil.key(comparing.flow, each.key) or f"#{each.key_hash:016x}", names))
        if keep is not None:
            keep(RawDifference(comparing.flow.name, comparing.flow.names, ours, theirs))
    return tuple(samples)


def _by_key(rows: Iterable[Row]) -> dict[int, Row]:
    return {row[0]: tuple(row[2:]) for row in rows}


def _columns(flow: Flow, source: Row | None, target: Row | None) -> tuple[str, ...]:
    """The columns whose text differs."""
    if source is None or target is None:
        return ()
    return tuple(name for name, here, there in zip(flow.names, source, target, strict=True) if here != there)


def _next(waiting: deque[Flow]) -> Flow | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


@contextmanager
def _readers(migration: Migration, snapshots: tuple[str, str]) -> Iterator[Readers]:
    with reading(migration.source, snapshots[0]) as source, reading(migration.target, snapshots[1]) as target:
        yield Readers(source, target)


def _seed() -> int:
    """Another one each time: two rows whose hashes collide once will not do so again."""
    return secrets.randbits(62) | 1


def _progress(verdict: FlowVerdict) -> Progress:
    return Progress(verdict.flow, "verify", verdict.target_rows, 0, 1, 1, verdict.seconds)
