"""The SQL of a comparison: per bucket of keys, per row, and the rows themselves. Built here, run by ``comparing``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from golive.migration.flow import Flow, S
from golive.migration.hashing import source_hash, source_value, target_hash
from golive.migration.names import quoted

T = "t"
_ROWS_A_BUCKET = 4096
_BUCKETS = 1024
"""More would not fit the processor's cache: 4,096 cost a fifth of the whole comparison more."""

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
    """How one server's rows of a flow are read: FROM, its conditions, and 64 bits of the row's key and of the row.

    ``keys`` and ``texts`` are the values of the key and of all columns as text.
    """

    relation: str
    conditions: tuple[str, ...]
    key: str
    row: str
    keys: tuple[str, ...]
    texts: tuple[str, ...]


def source_side(flow: Flow, seed: int, *, recode: bool = False, condition: str = "") -> Side:
    """The source's rows as the target must have them. ``condition`` is over ``s``."""
    items = [source_hash(column, _seeds(seed, n)[0], recode=recode) for n, column in enumerate(flow.columns)]
    values = [source_value(column) for column in flow.columns]
    return _side(flow, seed, f"{flow.relation} {S}", (flow.where, condition), items, values)


def target_side(flow: Flow, seed: int, *, only: bool = True, recode: bool = False, condition: str = "") -> Side:
    """The target's rows. ``only``: without those of tables that inherit. ``condition`` is over ``t``."""
    values = [f"{T}.{quoted(column.name)}" for column in flow.columns]
    items = [
        target_hash(column, value, _seeds(seed, n)[0], recode=recode)
        for n, (column, value) in enumerate(zip(flow.columns, values, strict=True))
    ]
    relation = f"{'ONLY ' if only else ''}{flow.target.sql} {T}"
    return _side(flow, seed, relation, (condition,), items, values)


def bucket_count(rows: int) -> int:
    """A power of two: few rows a bucket, and few enough buckets."""
    wanted = max(1, rows // _ROWS_A_BUCKET)
    return min(_BUCKETS, 1 << (wanted - 1).bit_length())


def buckets(side: Side, count: int) -> str:
    """Rows (bucket, rows in it, sum of their hashes)."""
    return (
        f"SELECT {_bucket(side, count)}, count(*), sum({side.row}) "
        f"FROM {side.relation}{_where(side.conditions)} GROUP BY 1"
    )


def rows(side: Side, count: int, wanted: Iterable[int]) -> str:
    """Rows (key hash, row hash, how many of that, key as text …) of the buckets ``wanted``, by key hash."""
    numbers = sorted(wanted)
    conditions = side.conditions
    if len(numbers) < count:
        conditions = (*conditions, _among(_bucket(side, count), numbers))
    keys = "".join(f", min({text})" for text in side.keys)
    where = _where(conditions)
    return f"SELECT {side.key}, {side.row}, count(*){keys} FROM {side.relation}{where} GROUP BY 1, 2 ORDER BY 1"


def full(side: Side, hashes: Iterable[int]) -> str:
    """Rows (key hash, row hash, every column as text) of the keys with these hashes."""
    items = ", ".join((side.key, side.row, *side.texts))
    where = _where((*side.conditions, _among(side.key, sorted(hashes))))
    return f"SELECT {items} FROM {side.relation}{where}"


def _side(
    flow: Flow, seed: int, relation: str, conditions: Iterable[str], items: Sequence[str], values: Sequence[str]
) -> Side:
    places = {column.name: place for place, column in enumerate(flow.columns)}
    key = [places[name] for name in flow.key]
    row = _together(items, range(len(items)), seed)
    return Side(
        relation=relation,
        conditions=tuple(filter(None, conditions)),
        key=_together(items, key, seed) if key else row,
        row=row,
        keys=tuple(f"({values[place]})::text" for place in key),
        texts=tuple(f"({value})::text" for value in values),
    )


def _together(items: Sequence[str], places: Iterable[int], seed: int) -> str:
    """One hash of several. Each is under a seed of its own, a NULL is a number of its own, and what they make together
    goes, as a seed, through one hash more: a sum of plain combinations does not see two rows exchange a value.
    (``hashint8extended`` would fold it to 32 bits.)"""
    mixed = " # ".join(f"coalesce({items[place]}, {_seeds(seed, place)[1]})" for place in places)
    return f"hashint4extended(0, {mixed or seed})"


def _seeds(seed: int, place: int) -> tuple[int, int]:
    """A column's seed and what stands for its NULL: 63 bits each."""
    drawn = blake2b(f"{seed}/{place}".encode(), digest_size=16).digest()
    return int.from_bytes(drawn[:8]) >> 1, int.from_bytes(drawn[8:]) >> 1


def _bucket(side: Side, count: int) -> str:
    return f"({side.key} & {count - 1})"


def _where(conditions: Iterable[str]) -> str:
    text = " AND ".join(f"({condition})" for condition in conditions)
    return f" WHERE {text}" if text else ""


def _among(item: str, numbers: Iterable[int]) -> str:
    return f"{item} = ANY ('{{{','.join(map(str, numbers))}}}'::bigint[])"
