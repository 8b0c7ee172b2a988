"""The capture begins, and leaves the source as it was."""

from golive.migration.capture import triggers
from golive.migration.capture.log_setup import close_log, open_log
from golive.migration.capture.plan import watched
from golive.migration.capture.tables import captured, number_tables
from golive.migration.control import LOCK, install_source
from golive.migration.freeze import prepare_freeze, remove_freeze
from golive.migration.names import literal
from golive.migration.settings import Migration
from golive.migration.statements import Session, run, value

SECONDS = 600.0
"""How long we go on asking for a lock that an application holds."""


def begin_capture(migration: Migration, seconds: float = SECONDS) -> None:
    """From its return on, every change on the source is known. May be called again.

    Raises ``LockBusy``, ``CaptureRefused``.
    """
    if migration.capture == "frozen":
        return
    with migration.source.session("capture") as session:
        install_source(session)
        wanted = watched(migration.flows)
        number_tables(session, migration.name, wanted)
        items = captured(session, migration.name)
        if migration.capture == "pgoutput":
            open_log(migration, session, items, seconds)
        else:
            triggers.place(session, items, wanted, seconds)
    prepare_freeze(migration, seconds)


def end_capture(migration: Migration, seconds: float = SECONDS, *, keep_freeze: bool = False) -> None:
    """Takes everything of this migration from the source, and gives its writes back unless ``keep_freeze``.

    May be called again. Raises ``LockBusy``.
    """
    with migration.source.session("capture") as session:
        if value(session, "SELECT to_regclass('golive_capture.captured')") is None:
            return
        items = captured(session, migration.name)
        close_log(migration, session, seconds)
        triggers.remove(session, items, seconds)
        if not keep_freeze:
            remove_freeze(session, migration.name, seconds)
        numbers = ", ".join(str(item.number) for item in items) or "NULL"
        run(session, f"DELETE FROM golive_capture.change WHERE source IN ({numbers})")
        run(session, f"DELETE FROM golive_capture.captured WHERE migration = {literal(migration.name)}")
        _drop_when_last(session)


def _drop_when_last(session: Session) -> None:
    """Another migration may read the same source, or one may keep it frozen."""
    with session.transaction():
        run(session, f"SELECT pg_advisory_xact_lock({LOCK})")
        used = "SELECT (SELECT count(*) FROM golive_capture.captured) + (SELECT count(*) FROM golive_capture.freeze)"
        if value(session, used) == 0:
            run(session, "DROP SCHEMA golive_capture CASCADE")
