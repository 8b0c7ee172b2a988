"""Chunks: the pieces in which a flow's rows travel, each at its own snapshot and in one target transaction. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from golive.migration.flow import Flow, S
from golive.migration.names import TableName, quoted


@dataclass(frozen=True)
class Extent:
    """A source table on disk: pages of the heap, bytes with TOAST, and its file, which changes when it is rewritten
    (None where there is none: a view, a foreign table)."""

    table: TableName
    pages: int
    bytes: int
    file: int | None


@dataclass(frozen=True)
class Chunk:
    """``relation`` replaces the flow's FROM item ("" keeps it); ``whole`` is a flow in one piece; ``estimate`` is in
    bytes of the source; ``file`` is what the pages of ``relation`` were when they were counted."""

    flow: str
    number: int
    relation: str
    condition: str
    whole: bool
    estimate: int
    file: int | None = None


def by_pages(flow: Flow, extents: Sequence[Extent], chunk_bytes: int) -> tuple[Chunk, ...]:
    """A table, or the leaves of a partitioned one, by ranges of pages; one whole chunk where that is enough."""
    total = sum(extent.bytes for extent in extents)
    if total <= chunk_bytes or any(extent.file is None for extent in extents):
        return (whole(flow, total),)
    pieces = [piece for extent in extents for piece in _pieces(extent, chunk_bytes)]
    return tuple(
        Chunk(flow.name, number, f"ONLY {extent.table.sql}", condition, False, size, extent.file)
        for number, (extent, condition, size) in enumerate(pieces)
    )


def by_bounds(flow: Flow, bounds: Sequence[int], size: int) -> tuple[Chunk, ...]:
    """A query by ranges of its ``split`` column between ``bounds``, open at both ends; the first one takes NULL."""
    edges = sorted(set(bounds))
    if not edges or flow.split is None:
        return (whole(flow, size),)
    column = f"{S}.{quoted(flow.split)}"
    conditions = [f"{column} < {edges[0]} OR {column} IS NULL"]
    conditions += [f"{column} >= {low} AND {column} < {high}" for low, high in pairwise(edges)]
    conditions.append(f"{column} >= {edges[-1]}")
    share = size // len(conditions)
    return tuple(Chunk(flow.name, number, "", text, False, share) for number, text in enumerate(conditions))


def whole(flow: Flow, size: int) -> Chunk:
    return Chunk(flow.name, 0, "", "", True, size)


def _pieces(extent: Extent, chunk_bytes: int) -> list[tuple[Extent, str, int]]:
    """The ranges of one table: (table, condition, bytes). The last one is open: it takes what is added later."""
    count = min(max(1, round(extent.bytes / chunk_bytes)), max(1, extent.pages))
    edges = [extent.pages * number // count for number in range(1, count)]
    lows, highs = [None, *edges], [*edges, None]
    size = extent.bytes // count
    return [(extent, _range(low, high), size) for low, high in zip(lows, highs, strict=True)]


def _range(low: int | None, high: int | None) -> str:
    parts = [f"{S}.ctid >= '({low},0)'::tid" if low is not None else "", _below(high)]
    return " AND ".join(part for part in parts if part)


def _below(high: int | None) -> str:
    return f"{S}.ctid < '({high},0)'::tid" if high is not None else ""
