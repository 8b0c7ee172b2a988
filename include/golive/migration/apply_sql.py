"""How rows of changed units become those of the target, as SQL; pure.

Foreign keys are deferred and act on nothing while this runs (``holds``), so rows may go before they come back. What is
compared is the image of a row: ``1.0`` and ``1.00`` are equal and not the same.
"""

from dataclasses import dataclass

from golive.migration.flow import Flow
from golive.migration.names import columns, literal, quoted
from golive.migration.unit_sql import rows_name, target_condition


@dataclass(frozen=True)
class TargetKeys:
    """What the target's indexes ask of us. ``arbiter``: its key can decide an insert's conflict. ``vacate``: columns
    that another unique or excluding index holds, or that cannot be updated; where they change, the row is deleted and
    inserted, so that two rows may exchange their values. ``extra``: columns that the flow does not give; a row keeps
    what it has in them."""

    arbiter: bool
    vacate: tuple[str, ...]
    extra: tuple[str, ...] = ()


def replace(flow: Flow, place: int, whole: bool, nulls: bool) -> tuple[str, ...]:
    """Without a key: the changed units are thrown away and inserted again."""
    condition = "" if whole else f" WHERE {target_condition(flow, place, nulls)}"
    return (f"DELETE FROM {flow.target_rows} t{condition}", _insert(flow, place))


def merge(flow: Flow, place: int, whole: bool, nulls: bool, keys: TargetKeys) -> tuple[str, ...]:
    """With a key: what left is deleted, what differs is updated, what is new is inserted; nothing else is touched."""
    belongs = "" if whole else f"{target_condition(flow, place, nulls)} AND "
    vacate = keys.vacate if keys.arbiter else _rest(flow)
    stays = _key(flow) + (f" AND {_image(vacate, 't')} OPERATOR(pg_catalog.*=) {_image(vacate, 'r')}" if vacate else "")
    rows = rows_name(place)
    gone = f"DELETE FROM {flow.target_rows} t WHERE {belongs}NOT EXISTS (SELECT FROM {rows} r WHERE {stays})"
    same = f"{_image(flow.names, 't')} OPERATOR(pg_catalog.*=) {_image(flow.names, 'r')}"
    new = f" WHERE NOT EXISTS (SELECT FROM {flow.target_rows} t WHERE {_key(flow)} AND {same})"
    insert = _insert(flow, place) + new + (_on_conflict(flow, keys) if keys.arbiter else "")
    if not (vacate and keys.extra):
        return (gone, insert)
    return (*_keeping(flow, place, gone, keys.extra), insert)


def _keeping(flow: Flow, place: int, gone: str, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Deletes, and inserts what comes back, with what the flow does not know of it."""
    kept, held = f"golive_kept_{place}", columns((*flow.key, *extra))
    both = f"{flow.name_list}, {columns(extra)}"
    back = f"{columns(flow.names, 'r')}, {columns(extra, 't')} FROM {rows_name(place)} r JOIN {kept} t ON {_key(flow)}"
    return (
        f"DROP TABLE IF EXISTS {kept}",
        f"CREATE TEMPORARY TABLE {kept} ON COMMIT DROP AS SELECT {held} FROM {flow.target.sql} WITH NO DATA",
        f"WITH gone AS ({gone} RETURNING t.*) INSERT INTO {kept} SELECT {held} FROM gone",
        f"INSERT INTO {flow.target.sql} ({both}) OVERRIDING SYSTEM VALUE SELECT {back}",
    )


def record_pass(migration: str, number: int, kind: str, snapshot: str, figures: tuple[int, int, float, int]) -> str:
    units, rows, seconds, token = figures
    return (
        "INSERT INTO golive_migration.pass (migration, number, kind, snapshot, units, rows, seconds, token)"
        f" VALUES ({literal(migration)}, {number}, {literal(kind)}, {literal(snapshot)},"
        f" {units}, {rows}, {seconds:.3f}, {token})"
    )


def _insert(flow: Flow, place: int) -> str:
    names = flow.name_list
    head = f"INSERT INTO {flow.target.sql} AS t ({names}) OVERRIDING SYSTEM VALUE"
    return f"{head} SELECT {columns(flow.names, 'r')} FROM {rows_name(place)} r"


def _on_conflict(flow: Flow, keys: TargetKeys) -> str:
    """What is vacated when it changes is not set: an identity column cannot be."""
    rest = ", ".join(f"{quoted(n)} = excluded.{quoted(n)}" for n in _rest(flow) if n not in keys.vacate)
    return f" ON CONFLICT ({columns(flow.key)}) DO {f'UPDATE SET {rest}' if rest else 'NOTHING'}"


def _key(flow: Flow) -> str:
    return " AND ".join(f"r.{quoted(name)} = t.{quoted(name)}" for name in flow.key)


def _rest(flow: Flow) -> tuple[str, ...]:
    return tuple(name for name in flow.names if name not in flow.key)


def _image(names: tuple[str, ...], alias: str) -> str:
    return f"ROW({columns(names, alias)})::record"
