"""What is hashed, and how two streams of hashes are laid side by side."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.migration.digests import bucket_count
from golive.migration.flow import FlowColumn
from golive.migration.hashing import Shape, shape, source_value, target_hash
from golive.migration.merging import Hashed, differences
from golive.migration.verdict import Difference

SHAPES = {
    "integer": Shape("integer"),
    "numeric(12,2)": Shape("numeric", "12,2"),
    "numeric(3,-2)": Shape("numeric", "3,-2"),
    "character varying(10)": Shape("character varying", "10"),
    "timestamp(3) with time zone": Shape("timestamp with time zone", "3"),
    "time without time zone": Shape("time without time zone"),
    "interval day to second(3)": Shape("interval", "3"),
    "interval(2)": Shape("interval", "2"),
    "numeric(5,1)[]": Shape("numeric[]", "5,1"),
    '"char"': Shape('"char"'),
    '"Odd (1)".mood': Shape('"Odd (1)".mood'),
    "bit varying(5)": Shape("bit varying", "5"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_type_is_taken_apart(name: str) -> None:
    """Base and modifier, wherever the modifier stands; a name that is none is its own base."""
    assert shape(name) == SHAPES[name]


def test_only_what_rounds_is_cast_with_its_modifier() -> None:
    """A cast to a shorter text or array would cut silently, on the side that is asked what there should be."""
    cast = {
        "numeric(5,1)": ("numeric", "((x)::numeric)::numeric(5,1)"),
        "timestamp(0) without time zone": (
            "timestamp without time zone",
            "((x)::timestamp without time zone)::timestamp(0) without time zone",
        ),
        "character varying(3)[]": ("character varying[]", "(x)::character varying[]"),
        "bit(3)": ("bit varying", "(x)::bit varying"),
        "public.mood": ("text", "(x)::text"),
    }
    for kind, (wire, expected) in cast.items():
        assert source_value(FlowColumn("c", "x", kind, wire)) == expected
    assert source_value(FlowColumn("c", "x", "money", None)) == "(x)::text"
    as_text = 'hashtextextended((t.c)::text COLLATE "C", 7)'
    assert target_hash(FlowColumn("c", "x", "money", None), "t.c", 7) == as_text


@pytest.mark.parametrize(("rows", "count"), [(0, 1), (1, 1), (10_000, 2), (100_000, 32), (10**9, 1024)])
def test_buckets_are_a_power_of_two(rows: int, count: int) -> None:
    """Few rows in each, and never many buckets."""
    assert bucket_count(rows) == count


ROWS = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), max_size=12)


@given(ROWS, ROWS)
def test_differences_are_those_of_multisets(source: list[tuple[int, int]], target: list[tuple[int, int]]) -> None:
    """For every key: what one side has over the other pairs up as different, and the rest is missing or extra."""
    counts = Counter[tuple[Difference, int]]()
    for found in differences(_hashed(source), _hashed(target)):
        counts[found.kind, found.key_hash] += found.count
    for key in range(-3, 4):
        ours, theirs = (Counter(row for row in rows if row[0] == key) for rows in (source, target))
        left, right = (ours - theirs).total(), (theirs - ours).total()
        both = min(left, right)
        expected = {Difference.DIFFERENT: both, Difference.MISSING: left - both, Difference.EXTRA: right - both}
        assert {kind: counts[kind, key] for kind in Difference} == expected


def _hashed(rows: list[tuple[int, int]]) -> list[Hashed]:
    grouped = list(Counter(rows).items())
    random.Random(1).shuffle(grouped)
    return [Hashed(key, row, count, (str(key),)) for (key, row), count in sorted(grouped, key=lambda each: each[0][0])]
