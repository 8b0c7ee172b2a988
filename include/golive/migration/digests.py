"""The SQL of a comparison: per bucket of keys, per row, and the rows themselves. Built here, run by ``comparing``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from golive.migration.flow import Flow, FlowColumn, S
from golive.migration.hashing import source_item, source_value, target_item
from golive.migration.names import quoted

T = "t"
_ROWS_A_BUCKET = 512
_BUCKETS = 1 << 16

STORED_TYPES = """
SELECT a.attname, (
  WITH RECURSIVE stored (type, modifier, step) AS (
    SELECT a.atttypid, a.atttypmod, 0
    UNION ALL
    SELECT y.typbasetype, y.typtypmod, step + 1 FROM stored JOIN pg_type y ON y.oid = type WHERE y.typtype = 'd')
  SELECT format_type(type, modifier) FROM stored ORDER BY step DESC LIMIT 1)
FROM pg_attribute a WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
"""Each column's type as ``hashing`` needs it."""


@dataclass(frozen=True)
class Side:
    """How one server's rows of a flow are read: FROM, its conditions, and what is hashed of key and other columns.

    ``keys`` and ``texts`` are the values of the key and of all columns as text.
    """

    relation: str
    conditions: tuple[str, ...]
    key: tuple[str, ...]
    rest: tuple[str, ...]
    keys: tuple[str, ...]
    texts: tuple[str, ...]


def source_side(flow: Flow, *, recode: bool = False, condition: str = "") -> Side:
    """The source's rows as the target must have them. ``condition`` is over ``s``."""
    items = {column.name: source_item(column, recode=recode) for column in flow.columns}
    texts = {column.name: f"({source_value(column)})::text" for column in flow.columns}
    return _side(flow, f"{flow.relation} {S}", (flow.where, condition), items, texts)


def target_side(flow: Flow, *, only: bool = True, recode: bool = False, condition: str = "") -> Side:
    """The target's rows. ``only``: without those of tables that inherit. ``condition`` is over ``t``."""
    items = {column.name: target_item(column, _own(column), recode=recode) for column in flow.columns}
    texts = {column.name: f"({_own(column)})::text" for column in flow.columns}
    relation = f"{'ONLY ' if only else ''}{flow.target.sql} {T}"
    return _side(flow, relation, (condition,), items, texts)


def bucket_count(rows: int) -> int:
    """A power of two: few rows a bucket, and few enough buckets to be held."""
    wanted = max(1, rows // _ROWS_A_BUCKET)
    return min(_BUCKETS, 1 << (wanted - 1).bit_length())


def buckets(side: Side, count: int, seed: int) -> str:
    """Rows (bucket, rows in it, sum of their hashes)."""
    return (
        f"SELECT {_bucket(side, count, seed)}, count(*), sum({_row(side, seed)}) "
        f"FROM {side.relation}{_where(side.conditions)} GROUP BY 1"
    )


def rows(side: Side, count: int, seed: int, wanted: Iterable[int]) -> str:
    """Rows (key hash, row hash, how many of that, key as text …) of the buckets ``wanted``, by key hash."""
    numbers = sorted(wanted)
    conditions = side.conditions
    if len(numbers) < count:
        conditions = (*conditions, _among(_bucket(side, count, seed), numbers))
    keys = "".join(f", min({text})" for text in side.keys)
    return (
        f"SELECT {_key(side, seed)}, {_row(side, seed)}, count(*){keys} "
        f"FROM {side.relation}{_where(conditions)} GROUP BY 1, 2 ORDER BY 1"
    )


def full(side: Side, seed: int, hashes: Iterable[int]) -> str:
    """Rows (key hash, row hash, every column as text) of the keys with these hashes."""
    items = ", ".join((_key(side, seed), _row(side, seed), *side.texts))
    where = _where((*side.conditions, _among(_key(side, seed), sorted(hashes))))
    return f"SELECT {items} FROM {side.relation}{where}"


def _side(
    flow: Flow, relation: str, conditions: Iterable[str], items: Mapping[str, str], texts: Mapping[str, str]
) -> Side:
    return Side(
        relation=relation,
        conditions=tuple(filter(None, conditions)),
        key=tuple(items[name] for name in flow.key),
        rest=tuple(item for name, item in items.items() if name not in flow.key),
        keys=tuple(texts[name] for name in flow.key),
        texts=tuple(texts.values()),
    )


def _own(column: FlowColumn) -> str:
    return f"{T}.{quoted(column.name)}"


def _key(side: Side, seed: int) -> str:
    """64 bits of the key; without one, of the row."""
    return _record(side.key, str(seed)) if side.key else _row(side, seed)


def _row(side: Side, seed: int) -> str:
    """64 bits of the row. A record's hash is a sum over its columns, and a sum of such sums does not see two rows
    exchange a value: so it goes, as a seed, through one hash more. (``hashint8extended`` would fold it to 32 bits.)"""
    start = _record(side.key, str(seed)) if side.key else str(seed)
    return f"hashint4extended(0, {_record(side.rest, start) if side.rest else start})"


def _record(items: tuple[str, ...], seed: str) -> str:
    return f"hash_record_extended(ROW({', '.join(items)}), {seed})"


def _bucket(side: Side, count: int, seed: int) -> str:
    return f"({_key(side, seed)} & {count - 1})"


def _where(conditions: Iterable[str]) -> str:
    text = " AND ".join(f"({condition})" for condition in conditions)
    return f" WHERE {text}" if text else ""


def _among(item: str, numbers: Iterable[int]) -> str:
    return f"{item} = ANY ('{{{','.join(map(str, numbers))}}}'::bigint[])"
