"""The messages of a log become changed units; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from golive.migration.capture.pgoutput import (
    Begin,
    Delete,
    Insert,
    Message,
    Relation,
    Row,
    Truncate,
    Unsent,
    Update,
)
from golive.migration.capture.plan import Captured

NOTHING = "\\N"
"""NULL, as COPY writes it."""


@dataclass(frozen=True)
class Change:
    """A row for ``golive_capture.change``; ``unit`` is None for every unit. ``xid`` is still of 32 bits."""

    source: int
    unit: tuple[str | None, ...] | None
    xid: int


@dataclass
class LogReader:
    """Remembers the relations and the transaction that the log speaks of. ``captured`` names, by relation, what is
    captured of it or of a table above it; a relation that is not there is nobody's."""

    captured: Mapping[int, tuple[Captured, ...]]
    _relations: dict[int, Relation] = field(default_factory=dict)
    _xid: int = 0

    def read(self, messages: Iterable[Message]) -> Iterator[Change]:
        """The changed units, old and new, in the order of the log."""
        for message in messages:
            if isinstance(message, Begin):
                self._xid = message.xid
            elif isinstance(message, Relation):
                self._relations[message.oid] = message
            elif isinstance(message, Insert | Update | Delete | Truncate):
                yield from self._changes(message)

    def _changes(self, message: Insert | Update | Delete | Truncate) -> Iterator[Change]:
        if isinstance(message, Truncate):
            for oid in message.relations:
                yield from (Change(item.number, None, self._xid) for item in self.captured.get(oid, ()))
            return
        relation = self._relations[message.relation]
        old, new = _rows(message)
        for item in self.captured.get(relation.oid, ()):
            places = [relation.columns.index(name) for name in item.unit]
            units = {_unit(row, old, places) for row in (old, new) if row is not None} if places else {None}
            yield from (Change(item.number, unit, self._xid) for unit in units)


def copy_line(change: Change, xid: int | None = None) -> str:
    """A change as a line of COPY's text form: its source, its unit as an array, its transaction if it is given."""
    unit = NOTHING if change.unit is None else _escaped(_array(change.unit))
    return f"{change.source}\t{unit}\n" if xid is None else f"{change.source}\t{unit}\t{xid}\n"


def _array(unit: tuple[str | None, ...]) -> str:
    values = ("NULL" if value is None else _quoted(value) for value in unit)
    return "{" + ",".join(values) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _rows(message: Insert | Update | Delete) -> tuple[Row | None, Row | None]:
    old = None if isinstance(message, Insert) else message.old
    new = None if isinstance(message, Delete) else message.new
    return old, new


def _unit(row: Row, old: Row | None, places: list[int]) -> tuple[str | None, ...] | None:
    """None, every unit, where the log does not say which one it is."""
    unit: list[str | None] = []
    for place in places:
        value = row[place]
        if isinstance(value, Unsent):
            value = old[place] if old is not None else value
        if isinstance(value, Unsent):
            return None
        unit.append(value)
    return tuple(unit)
