"""10. No leaked slot, snapshot, lock, lease, temporary table, scratch database, remote process, part or stuck run."""

from collections.abc import Iterator

import psycopg

from tests.checker import story
from tests.checker.operations import operations
from tests.checker.processes import born, service
from tests.checker.record import World

PARTS = (".golive/incoming/*", "components/*/incoming/.golive-part.*", "components/*/releases/*.part")
PARTS_TOO = ("components/**/*.new", ".golive/before/*.new", "backups/*/*.part")
IDLE_SECONDS = 5

_HELD = """
SELECT a.datname, a.application_name, l.locktype FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.state <> 'active'
  AND now() - a.state_change > make_interval(secs => %s)
"""
_IDLE = """
SELECT datname, application_name, left(query, 60) FROM pg_stat_activity
WHERE state LIKE 'idle in transaction%%' AND now() - state_change > make_interval(secs => %s)
"""
_TABLES = "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"


def check_leaks(world: World, running: bool) -> Iterator[str]:
    yield from (f"10 {why}" for why in _server(world))
    if running:
        return
    yield from (f"10 {why}" for why in _hosts(world))
    yield from (f"10 {why}" for why in _stages(world))
    yield from (f"10 {why}" for why in _leases(world))
    yield from (f"10 {why}" for why in _airflow(world))


def _server(world: World) -> Iterator[str]:
    with world.database("postgres") as session:
        yield from (f"an idle session holds a lock: {row}" for row in session.execute(_HELD, (IDLE_SECONDS,)))
        yield from (f"a transaction is left open: {row}" for row in session.execute(_IDLE, (IDLE_SECONDS,)))
        yield from (f"a prepared transaction: {row}" for row in session.execute("SELECT gid FROM pg_prepared_xacts"))
        slots = session.execute("SELECT slot_name FROM pg_replication_slots")
        yield from (f"a replication slot: {row[0]}" for row in slots)
    for name in world.databases():
        if name.startswith("golive_restore_"):
            yield f"a scratch database is left: {name}"
            continue
        with world.database(name) as session:
            yield from (f"a temporary table in {name}: {row[0]}" for row in session.execute(_TABLES))


def _hosts(world: World) -> Iterator[str]:
    for home in sorted((world.home / "hosts").glob("*/*/home")):
        name = f"{home.parent.parent.name}/{home.parent.name}"
        for operation in operations(home):
            pid, start = (home / ".golive" / "operations" / operation.id / "pid").read_text().split()
            if operation.status is None and born(int(pid)) == start:
                yield f"{name}: operation {operation.id} still runs"
        for record in home.glob("components/*/run/check.process"):
            if (found := service(record)) and found.alive:
                yield f"{name}: a release still runs on its check port"
        for pattern in (*PARTS, *PARTS_TOO):
            yield from (f"{name}: {part.relative_to(home)} is left" for part in home.glob(pattern))


def _stages(world: World) -> Iterator[str]:
    """A rollback on demand that failed stays open until the next one; what it failed on is quarantined."""
    for release, events in world.releases.items():
        stages = story.stages(events)
        for (environment, stage), standing in stages.items():
            live = (environment, "cutover") in stages and stages[(environment, "cutover")].state == "closed"
            if standing.state == "open" and stage != "rollback" and not (stage == "release" and live):
                yield f"{release}: {stage} in {environment} was never ended"


def _leases(world: World) -> Iterator[str]:
    """A lease belongs to a release on its way or stuck under an incident, and to nobody else."""
    for environment, events in world.environments.items():
        for target, lease in story.leases(events).items():
            release = lease["holder"].partition("/")[2]
            stages = story.stages(world.releases.get(release, []))
            own = {stage: s.state for (where, stage), s in stages.items() if where == environment}
            states = {stage: state for stage, state in own.items() if stage not in ("release", "rollback")}
            on_its_way = {"open", "closed"} & set(states.values()) and states.get("cutover") != "closed"
            if not on_its_way and "quarantined" not in states.values():
                yield f"{environment}: {lease['holder']} still holds {target}"


def _airflow(world: World) -> Iterator[str]:
    with world.database("airflow") as session:
        for table in ("dag_run", "task_instance"):
            try:
                query = psycopg.sql.SQL("SELECT dag_id, run_id, state FROM {} WHERE state IN {}").format(
                    psycopg.sql.Identifier(table),
                    psycopg.sql.SQL("('running', 'queued', 'scheduled', 'deferred', 'awaiting_input', 'restarting')"),
                )
                yield from (f"Airflow's {table} is stuck: {row}" for row in session.execute(query))
            except psycopg.errors.UndefinedTable:
                return
