"""Are two tables the same, row for row? Shares no code with the engine: plain libpq text rows, sorted and hashed here.

``compare`` gives every difference it found, in words; an empty list is equality. ``merge`` does it in flat memory for
rows that both servers give in the order of an integer key.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

PINS = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex"
FETCH = 20_000


@dataclass(frozen=True)
class Rows:
    """``count``, the digest of all rows in the order of their text, and how often each key occurs."""

    count: int
    digest: str
    keys: Counter[bytes]


def read(url: str, query: str, key_columns: int) -> Rows:
    """``query`` yields text columns only, the key first, in any order."""
    keys: Counter[bytes] = Counter()
    hashes: list[bytes] = []
    with psycopg.connect(url, options=PINS) as connection, connection.cursor(name="checker") as cursor:
        cursor.itersize = FETCH
        cursor.execute(query.encode())
        for row in cursor:
            keys[_packed(row[:key_columns])] += 1
            hashes.append(hashlib.md5(_packed(row), usedforsecurity=False).digest())
    running = hashlib.md5(usedforsecurity=False)
    for one in sorted(hashes):
        running.update(one)
    return Rows(len(hashes), running.hexdigest(), keys)


def compare(source_url: str, source_query: str, target_url: str, target_query: str, key_columns: int = 1) -> list[str]:
    """What differs between two queries' rows: counts, digests, keys of one side only, keys that occur twice."""
    source, target = read(source_url, source_query, key_columns), read(target_url, target_query, key_columns)
    found = []
    if source.count != target.count:
        found.append(f"{source.count} rows in the source, {target.count} in the target")
    missing, extra = source.keys - target.keys, target.keys - source.keys
    found += [f"missing in the target: {key!r} ({times}x)" for key, times in list(missing.items())[:5]]
    found += [f"only in the target: {key!r} ({times}x)" for key, times in list(extra.items())[:5]]
    if not found and source.digest != target.digest:
        found.append("same keys, other values")
    return found


def merge(source_url: str, target_url: str, query: str) -> list[str]:
    """What differs between the rows of ``query`` (its first column is an integer, by which they are ordered) on both
    sides; the first few. A key that comes twice on one side is a difference."""
    found: list[str] = []
    left, right = _ordered(source_url, query), _ordered(target_url, query)
    one, other = next(left, None), next(right, None)
    while (one is not None or other is not None) and len(found) < 10:
        if other is None or (one is not None and int(one[0]) < int(other[0])):
            found.append(f"missing in the target: {one}")
            one = next(left, None)
        elif one is None or int(other[0]) < int(one[0]):
            found.append(f"only in the target: {other}")
            other = next(right, None)
        else:
            found += [f"differs: {one} {other}"] if one != other else []
            one, other = next(left, None), next(right, None)
    return found


def _ordered(url: str, query: str) -> Iterator[tuple[str, ...]]:
    with psycopg.connect(url, options=PINS) as connection, connection.cursor(name="checker") as cursor:
        cursor.itersize = FETCH
        cursor.execute(query.encode())
        yield from cursor


def _packed(row: tuple[str | None, ...]) -> bytes:
    """Cells with their lengths in front, so that no two rows look the same; NULL is not the empty text."""
    parts = [b"-1;" if cell is None else b"%d;%s" % (len(raw := cell.encode()), raw) for cell in row]
    return b"".join(parts)
