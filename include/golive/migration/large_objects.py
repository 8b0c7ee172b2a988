"""Large objects, which no table's rows contain: copied with their numbers, where the mapping says so.

Their changes are not captured: they are copied before the hand-over, when writes are frozen, or again then.
"""

import psycopg

from golive.migration.control import check_fence
from golive.migration.settings import Migration

PIECE = 1024 * 1024
"""Bytes in memory at a time."""

_NUMBERS = "SELECT oid FROM pg_largeobject_metadata ORDER BY oid"


def copy_large_objects(migration: Migration) -> int:
    """Makes the target's large objects those of the source, each in a transaction of its own; their number.

    May be called again: what stands there is replaced, what the source no longer has is removed.
    """
    with migration.source.session("objects") as source, migration.target.session("objects") as target:
        wanted = [number for (number,) in source.execute(_NUMBERS).fetchall()]
        standing = {number for (number,) in target.execute(_NUMBERS).fetchall()}
        for number in sorted(standing - set(wanted)):
            with target.transaction():
                target.execute("SELECT lo_unlink(%s)", (number,))
                check_fence(target, migration.token)
        for number in wanted:
            with target.transaction():
                _copy(source, target, number, number in standing)
                check_fence(target, migration.token)
    return len(wanted)


def _copy(source: psycopg.Connection, target: psycopg.Connection, number: int, stands: bool) -> None:
    if stands:
        target.execute("SELECT lo_unlink(%s)", (number,))
    target.execute("SELECT lo_create(%s)", (number,))
    offset, piece = 0, b"-"
    while piece:
        row = source.execute("SELECT lo_get(%s, %s, %s)", (number, offset, PIECE)).fetchone()
        piece = row[0] if row else b""
        if piece:
            target.execute("SELECT lo_put(%s, %s, %s)", (number, offset, piece))
        offset += len(piece)
