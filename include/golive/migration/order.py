"""Tables in an order in which a row's parents come before it; pure."""

from collections.abc import Iterable, Iterator, Mapping

from golive.migration.names import TableName
from golive.migration.objects import Catalogue

_DONE = 2**62
"""The place of a table that was given out; above every other."""
_Parents = Mapping[TableName, list[TableName]]


def parents_first(names: Iterable[TableName], target: Catalogue) -> tuple[TableName, ...]:
    """Parents before children by the target's foreign keys; the tables of a circle stand together, by name."""
    chosen = sorted(names)
    known = set(chosen)
    parents = {
        name: sorted(({key.references for key in target.tables[name].foreign_keys} & known) - {name}) for name in chosen
    }
    return tuple(name for circle in _circles(parents) for name in sorted(circle))


def _circles(parents: _Parents) -> Iterator[list[TableName]]:
    """Strongly connected tables together, after all that they refer to (Tarjan, without recursion)."""
    order: dict[TableName, int] = {}
    lowest: dict[TableName, int] = {}
    open_: list[TableName] = []
    for root in parents:
        path = [] if root in order else [(root, iter(parents[root]))]
        while path:
            name, rest = path[-1]
            if name not in order:
                order[name] = lowest[name] = len(order)
                open_.append(name)
            following = next(rest, None)
            if following is None:
                path.pop()
                yield from _closed(name, order, lowest, open_)
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[name])
            elif following not in order:
                path.append((following, iter(parents[following])))
            elif lowest[following] != _DONE:
                lowest[name] = min(lowest[name], order[following])


def _closed(
    name: TableName, order: Mapping[TableName, int], lowest: dict[TableName, int], open_: list[TableName]
) -> Iterator[list[TableName]]:
    """The circle whose first table this is; its tables are out of play then."""
    if lowest[name] != order[name]:
        return
    circle = open_[open_.index(name) :] if open_[-1] != name else [name]
    del open_[-len(circle) :]
    for member in circle:
        lowest[member] = _DONE
    yield circle
