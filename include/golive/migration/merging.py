"""Two streams of row hashes in the order of their key's hash, laid side by side in flat memory. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from golive.migration.verdict import Difference

Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Hashed:
    """``count`` rows of one key hash and one row hash."""

    key_hash: int
    row_hash: int
    count: int
    key: Key


@dataclass(frozen=True)
class Found:
    """``count`` rows of a key that differ in one way. ``key`` is raw."""

    kind: Difference
    key_hash: int
    key: Key
    count: int


@dataclass(frozen=True)
class _Group:
    key_hash: int
    key: Key
    rows: Counter[int]


def differences(source: Iterable[Hashed], target: Iterable[Hashed]) -> Iterator[Found]:
    """What differs, by rising key hash. Both are sorted by it."""
    for ours, theirs in _side_by_side(_groups(source), _groups(target)):
        yield from _compare(ours, theirs)


def _side_by_side(left: Iterator[_Group], right: Iterator[_Group]) -> Iterator[tuple[_Group, _Group]]:
    """Groups of one key hash; where a side has none, an empty one."""
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        smallest = min(group.key_hash for group in (ours, theirs) if group is not None)
        here = ours if ours is not None and ours.key_hash == smallest else None
        there = theirs if theirs is not None and theirs.key_hash == smallest else None
        yield here or _Group(smallest, (), Counter()), there or _Group(smallest, (), Counter())
        ours = next(left, None) if here else ours
        theirs = next(right, None) if there else theirs


def _groups(rows: Iterable[Hashed]) -> Iterator[_Group]:
    for key_hash, same in groupby(rows, key=attrgetter("key_hash")):
        counted: Counter[int] = Counter()
        key: Key = ()
        for row in same:
            counted[row.row_hash] += row.count
            key = row.key
        yield _Group(key_hash, key, counted)


def _compare(source: _Group, target: _Group) -> Iterator[Found]:
    """Rows of one key, as multisets: what is left after the equal ones pairs up as different, then is over."""
    left, right = (source.rows - target.rows).total(), (target.rows - source.rows).total()
    both = min(left, right)
    for kind, count in (
        (Difference.DIFFERENT, both),
        (Difference.MISSING, left - both),
        (Difference.EXTRA, right - both),
    ):
        if count:
            yield Found(kind, source.key_hash, source.key or target.key, count)
