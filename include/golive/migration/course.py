"""The course of a migration: its steps in their order. Each may be called again, and goes on where it was."""

from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.capture import begin_capture
from golive.migration.catch_up import catch_up
from golive.migration.load import load
from golive.migration.passes import PassReport, run_pass
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare, state
from golive.migration.sequences import set_sequences
from golive.migration.settings import Migration
from golive.migration.verdict import Verification
from golive.migration.verify import Keep, verify_in_snapshot

LEFT_SECONDS = 0.5
"""The rows are over when what changed meanwhile would be copied in less than this."""


def move(migration: Migration) -> tuple[PassReport, ...]:
    """Every row over, keys and indexes made, and what changed meanwhile followed; the passes that it took.

    Raises what its steps raise: ``TargetNotEmpty``, ``OtherMigration``, ``RowRefused``, ``NotConverging``, ….
    """
    prepare(migration)
    begin_capture(migration)
    if _reached(migration) in ("begun", "planned"):
        put_aside(migration)
        plan_chunks(migration)
        load(migration)
    if _reached(migration) == "loaded":
        # A row that moved between two chunks' snapshots may be there twice, which no key would stand.
        run_pass(migration, "settle")
        build(migration)
    return catch_up(migration, LEFT_SECONDS)


def compare(migration: Migration, keep: Keep | None = None) -> Verification:
    """Every row of both sides, as of one moment of the source, while it goes on writing."""
    found: list[Verification] = []

    def look(snapshot: str) -> None:
        # The rows that came since the keys were built have higher numbers than the sequences were set to.
        set_sequences(migration)
        found.append(verify_in_snapshot(migration, snapshot, keep=keep))

    run_pass(migration, "verify", look)
    return found[0]


def _reached(migration: Migration) -> str:
    with migration.target.session("course") as session:
        return state(migration, session)
