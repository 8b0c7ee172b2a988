"""Writes on the source are refused, and given back."""

import secrets
import time
from functools import partial

from golive.migration import freeze_sql as sql
from golive.migration.control import install_source
from golive.migration.errors import FreezeFailed, LockBusy, StaleMigration
from golive.migration.members import members
from golive.migration.names import TableName, literal
from golive.migration.settings import Migration
from golive.migration.statements import Session, patiently, rows, run, value

STALL_MILLISECONDS = 500
"""How long writers may stand still in one attempt, over all tables."""

PREPARE_SECONDS = 600.0
THAW_SECONDS = 300.0


def frozen_tables(migration: Migration) -> tuple[TableName, ...]:
    """The tables that take no writes while the migration is frozen: all that its flows read."""
    return tuple(sorted({source.table for flow in migration.flows for source in flow.sources}))


def prepare_freeze(migration: Migration, seconds: float = PREPARE_SECONDS) -> None:
    """Makes the refusing triggers, disabled, table by table. Raises ``LockBusy``."""
    with migration.source.session("freeze") as session:
        install_source(session)
        run(session, sql.FUNCTION)
        for table in frozen_tables(migration):
            patiently(session, f"triggers of {table}", seconds, [table], partial(_make, session, migration, [table]))


def freeze(migration: Migration, seconds: float) -> float:
    """From its return on, no write is taken on the source but ours; how long writers stood still, in seconds.

    Waits for the writers in flight, a moment at a time. Raises ``FreezeFailed`` after ``seconds``: writes go on.
    """
    tables = frozen_tables(migration)
    # The commit waits for the log, and so takes along every commit before it, for those who read the log.
    with migration.source.session("freeze", synchronous_commit="local") as session:
        install_source(session)
        run(session, sql.FUNCTION)
        try:
            return patiently(session, "freeze", seconds, tables, partial(_close, session, migration, tables))
        except LockBusy as error:
            cause = "an application's transaction holds a lock"
            raise FreezeFailed(database=str(migration.source), seconds=round(seconds), cause=cause) from error


def thaw(migration: Migration, seconds: float = THAW_SECONDS) -> None:
    """Writes are taken again; nothing to do where they were never refused.

    Raises ``StaleMigration`` where a newer worker refuses them, ``LockBusy`` else.
    """
    with migration.source.session("thaw") as session:
        if value(session, "SELECT to_regclass('golive_capture.freeze')") is None:
            return
        patiently(session, "thaw", seconds, (), partial(_open, session, migration))


def is_frozen(migration: Migration) -> bool:
    """Whether the source's writes are refused for this migration."""
    with migration.source.session("freeze") as session:
        return any(enabled for _relation, _name, enabled in _triggers(session, migration.name))


def begin_handing(session: Session, migration: Migration) -> None:
    """From here on the target alone knows whether writes may be given back. Raises ``StaleMigration``."""
    with session.transaction():
        _hold(session, migration)
        mine = f"migration = {literal(migration.name)}"
        run(session, f"UPDATE golive_capture.freeze SET handing_at = clock_timestamp() WHERE {mine}")


def is_handing(migration: Migration) -> bool:
    """Whether the target must be asked before writes are given back."""
    with migration.source.session("freeze") as session:
        if value(session, "SELECT to_regclass('golive_capture.freeze')") is None:
            return False
        mine = f"migration = {literal(migration.name)}"
        return value(session, f"SELECT handing_at FROM golive_capture.freeze WHERE {mine}") is not None


def pass_freeze(session: Session) -> None:
    """Lets this session write where a migration of ours has closed the tables: flow-back writes into the old ones."""
    if value(session, "SELECT to_regclass('golive_capture.freeze')") is not None:
        known = value(session, "SELECT string_agg(secret, ',') FROM golive_capture.freeze")
        session.execute("SELECT set_config(%s, %s, false)", (sql.SETTING, known or ""))


def remove_freeze(session: Session, migration: str, seconds: float = PREPARE_SECONDS) -> None:
    """Drops the triggers; writes are taken again. Raises ``LockBusy``."""
    roots = rows(session, TRIGGERS.format(name=literal(sql.statement_name(migration)), clones="AND t.tgparentid = 0"))
    for schema, name, trigger, _enabled in roots:
        table = TableName(schema, name)
        drop = f"DROP TRIGGER IF EXISTS {trigger} ON {table.sql}"
        patiently(session, f"triggers of {table}", seconds, (), partial(run, session, drop))
    run(session, f"DELETE FROM golive_capture.freeze WHERE migration = {literal(migration)}")


def _make(session: Session, migration: Migration, tables: list[TableName] | tuple[TableName, ...]) -> None:
    """Makes what is missing, and what only our sessions know."""
    name = migration.name
    standing = {(relation, trigger) for relation, trigger, _enabled in _triggers(session, name)}
    for found in members(session, tables).values():
        for member in found:
            if (member.table, sql.statement_name(name)) not in standing:
                run(session, sql.statement_trigger(name, member.table))
            if not member.inherits and (member.table, sql.row_name(name)) not in standing:
                run(session, sql.row_trigger(name, member.table))
    session.execute(
        "INSERT INTO golive_capture.freeze (migration, secret) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (name, secrets.token_hex(32)),
    )


def _close(session: Session, migration: Migration, tables: tuple[TableName, ...]) -> float:
    """Under a lock that waits for every writer, and behind which every new writer waits until the triggers stand."""
    started = time.monotonic()
    names = ", ".join(table.sql for table in tables)
    run(session, f"SET LOCAL statement_timeout = {STALL_MILLISECONDS}")
    run(session, f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    _make(session, migration, tables)
    _hold(session, migration)
    _switch(session, migration.name, on=True)
    return time.monotonic() - started


def _open(session: Session, migration: Migration) -> None:
    _hold(session, migration)
    _switch(session, migration.name, on=False)


def _hold(session: Session, migration: Migration) -> None:
    """Raises ``StaleMigration`` where a newer worker holds the freeze."""
    mine = f"migration = {literal(migration.name)}"
    highest = value(session, f"SELECT holder FROM golive_capture.freeze WHERE {mine} FOR UPDATE")
    if highest is not None and highest > migration.token:
        raise StaleMigration(highest=highest, token=migration.token)
    run(session, f"UPDATE golive_capture.freeze SET holder = {migration.token} WHERE {mine}")


def _switch(session: Session, migration: str, on: bool) -> None:
    wrong = [(table, name) for table, name, enabled in _triggers(session, migration) if enabled != on]
    if wrong:
        run(session, ";".join(sql.switch(table, name, on) for table, name in wrong))
    stamps = "frozen_at = coalesce(frozen_at, clock_timestamp())" if on else "frozen_at = NULL, handing_at = NULL"
    run(session, f"UPDATE golive_capture.freeze SET {stamps} WHERE migration = {literal(migration)}")


def _triggers(session: Session, migration: str) -> list[tuple[TableName, str, bool]]:
    """Our triggers with their tables, and whether they refuse, clones in partitions included."""
    found = rows(session, TRIGGERS.format(name=literal(sql.statement_name(migration)), clones=""))
    return [(TableName(schema, name), trigger, enabled) for schema, name, trigger, enabled in found]


TRIGGERS = """
SELECT n.nspname, c.relname, t.tgname, t.tgenabled <> 'D' FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgname IN ({name}, {name} || '_row') {clones} ORDER BY 1, 2, 3
"""
