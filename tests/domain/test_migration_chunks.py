"""Chunks cover every row once, whatever the sizes and the numbers are."""

import dataclasses

import pytest

from golive.migration.chunks import Chunk, Extent, by_bounds, by_pages
from golive.migration.flow import Flow
from golive.migration.names import TableName

TABLE = TableName("public", "t")
FLOW = Flow("t", TABLE, (), ("id",), TABLE.sql, "", (), (), (), (TABLE,))
ONLY = 'ONLY "public"."t"'


def test_a_small_table_is_one_whole_chunk() -> None:
    """Nothing is cut that fits into one chunk, an empty table included."""
    assert by_pages(FLOW, [Extent(TABLE, 0, 0, 7)], 100) == (Chunk("t", 0, "", "", True, 0),)
    assert by_pages(FLOW, [Extent(TABLE, 10, 100, 7)], 100) == (Chunk("t", 0, "", "", True, 100),)


def test_a_relation_without_a_file_is_one_whole_chunk() -> None:
    """A view or a foreign table has no pages to count."""
    assert by_pages(FLOW, [Extent(TABLE, 0, 1000, None)], 100) == (Chunk("t", 0, "", "", True, 1000),)


def test_page_ranges_follow_each_other_and_the_last_is_open() -> None:
    """Rows that are added behind the last page are in the last chunk."""
    assert by_pages(FLOW, [Extent(TABLE, 10, 300, 7)], 100) == (
        Chunk("t", 0, ONLY, "s.ctid < '(3,0)'::tid", False, 100, 7),
        Chunk("t", 1, ONLY, "s.ctid >= '(3,0)'::tid AND s.ctid < '(6,0)'::tid", False, 100, 7),
        Chunk("t", 2, ONLY, "s.ctid >= '(6,0)'::tid", False, 100, 7),
    )


def test_a_table_is_not_cut_finer_than_its_pages() -> None:
    """Two pages of long TOASTed values make two chunks."""
    assert len(by_pages(FLOW, [Extent(TABLE, 2, 10_000, 7)], 100)) == 2


def test_each_leaf_of_a_partitioned_table_has_its_own_chunks() -> None:
    """Small leaves are one chunk each, without a condition."""
    small, large = TableName("public", "a"), TableName("public", "b")
    found = by_pages(FLOW, [Extent(small, 1, 10, 1), Extent(large, 20, 200, 2)], 100)
    assert [(chunk.number, chunk.relation, chunk.file) for chunk in found] == [
        (0, 'ONLY "public"."a"', 1),
        (1, 'ONLY "public"."b"', 2),
        (2, 'ONLY "public"."b"', 2),
    ]
    assert found[0].condition == ""


@pytest.mark.parametrize("bounds", [[-5, 3, 10], [10, 3, -5, 3]])
def test_a_query_is_cut_between_numbers_with_open_ends(bounds: list[int]) -> None:
    """Negative numbers, repeated bounds and NULL are covered once."""
    flow = dataclasses.replace(FLOW, pages=(), split="n")
    assert [chunk.condition for chunk in by_bounds(flow, bounds, 100)] == [
        's."n" < -5 OR s."n" IS NULL',
        's."n" >= -5 AND s."n" < 3',
        's."n" >= 3 AND s."n" < 10',
        's."n" >= 10',
    ]


def test_a_query_without_numbers_is_one_chunk() -> None:
    """An empty query, or one whose column is always NULL, has no bounds."""
    assert by_bounds(dataclasses.replace(FLOW, split="n"), [], 5) == (Chunk("t", 0, "", "", True, 5),)
