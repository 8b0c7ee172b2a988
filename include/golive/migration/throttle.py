"""The brake: between two chunks the load waits while a person, the source's load, a replica or the clock says so."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as clock
from zoneinfo import ZoneInfo

import asyncpg

from golive.migration.control import install_control
from golive.migration.errors import NotReady, OutOfTime
from golive.migration.settings import Limits, Migration

LOOK_SECONDS = 1.0
"""How old a look may be, and how often one is taken while the load waits."""
ORDER = """
INSERT INTO golive_migration.throttle (migration, paused, workers, reason, person) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (migration) DO UPDATE SET paused = excluded.paused, workers = excluded.workers, reason = excluded.reason,
    person = excluded.person, at = now()"""
STANDING = """
SELECT now() AS now, t.paused, t.workers, t.person, t.reason
FROM (SELECT) AS one LEFT JOIN golive_migration.throttle t ON t.migration = $1"""
BUSY = """
SELECT count(*) FILTER (WHERE state = 'active') AS active, count(*) FILTER (WHERE state IS NULL) AS hidden
FROM pg_stat_activity
WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
AND pid <> pg_backend_pid() AND coalesce(application_name, '') NOT LIKE 'golive %'"""
"""Of other roles' sessions a plain role sees that they are there and nothing else: all of it is NULL."""
LAG = """
SELECT coalesce(max(pg_wal_lsn_diff(
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, replay_lsn)
       ), 0)::bigint AS lag, count(*) FILTER (WHERE sent_lsn IS NULL) AS hidden
FROM pg_stat_replication"""


def pause(migration: Migration, person: str, reason: str) -> None:
    """No chunk is begun until ``resume``; those in flight end."""
    _order(migration, True, None, reason, person)


def slower(migration: Migration, workers: int, person: str, reason: str) -> None:
    """At most ``workers`` chunks at once, until ``resume`` or another order."""
    _order(migration, False, max(1, workers), reason, person)


def resume(migration: Migration, person: str) -> None:
    """Full speed, within the limits."""
    _order(migration, False, None, "", person)


def _order(migration: Migration, paused: bool, workers: int | None, reason: str, person: str) -> None:
    with migration.target.session("throttle") as session:
        install_control(session)
        session.execute(ORDER, (migration.name, paused, workers, reason, person))


@dataclass
class Brake:
    """Shared by the workers of one load; one of them looks for all."""

    migration: Migration
    reason: str = ""
    workers: int = 1
    looked: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def holds(
        self,
        worker: int,
        source: "asyncpg.Connection[asyncpg.Record]",
        target: "asyncpg.Connection[asyncpg.Record]",
        left: int,
    ) -> bool:
        """Whether worker number ``worker`` (from 0) may not begin a chunk now. Raises ``OutOfTime``, ``NotReady``."""
        async with self.lock:
            if time.monotonic() - self.looked >= LOOK_SECONDS:
                await self._look(source, target, left)
                self.looked = time.monotonic()
        return bool(self.reason) or worker >= self.workers

    async def _look(
        self,
        source: "asyncpg.Connection[asyncpg.Record]",
        target: "asyncpg.Connection[asyncpg.Record]",
        left: int,
    ) -> None:
        limits = self.migration.limits
        row = await target.fetchrow(STANDING, self.migration.name)
        if row is None:
            return
        if limits.until is not None and row["now"] >= limits.until:
            raise OutOfTime(until=limits.until.isoformat(), left=left)
        self.workers = min(limits.workers, row["workers"] or limits.workers)
        self.reason = (
            _said(row)
            or _out_of_hours(limits, row["now"])
            or await _busy(limits, source)
            or await _lag(limits, source)
            or await _lag(limits, target)
        )


def _said(row: asyncpg.Record) -> str:
    return f"paused by {row['person']}: {row['reason']}" if row["paused"] else ""


def _out_of_hours(limits: Limits, now: datetime) -> str:
    if limits.hours is None or within(now.astimezone(ZoneInfo(limits.timezone)).time(), *limits.hours):
        return ""
    return f"outside {limits.hours[0]:%H:%M}-{limits.hours[1]:%H:%M} {limits.timezone}"


def within(now: clock, begin: clock, end: clock) -> bool:
    """Whether ``now`` is in a daily window, which may cross midnight."""
    return begin <= now < end if begin <= end else now >= begin or now < end


async def _busy(limits: Limits, source: "asyncpg.Connection[asyncpg.Record]") -> str:
    if not limits.active_sessions:
        return ""
    row = await source.fetchrow(BUSY)
    active, hidden = (row["active"], row["hidden"]) if row else (0, 0)
    if hidden:
        raise NotReady(step="load", missing="GRANT pg_monitor (active_sessions cannot be seen)")
    return f"{active} active sessions on the source" if active > limits.active_sessions else ""


async def _lag(limits: Limits, side: "asyncpg.Connection[asyncpg.Record]") -> str:
    if not limits.lag_bytes:
        return ""
    row = await side.fetchrow(LAG)
    lag, hidden = (row["lag"], row["hidden"]) if row else (0, 0)
    if hidden:
        raise NotReady(step="load", missing="GRANT pg_monitor (the replicas' lag cannot be seen)")
    return f"a replica is {lag} bytes behind" if lag > limits.lag_bytes else ""
