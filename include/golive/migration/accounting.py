"""What the mapping cleansed and what it left behind, counted on the source: one scan for all rules of a flow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from golive.migration.comparing import Reader, reading
from golive.migration.flow import Flow, S
from golive.migration.names import TableName, quoted
from golive.migration.privacy import Veil, veil_of
from golive.migration.settings import Migration

SAMPLES = 100
"""Rejected rows that are named for each rule, and at most ``KEPT`` that are kept in the private file."""
KEPT = 100_000


@dataclass(frozen=True)
class Cleansed:
    """``rows`` are those that the rule touched."""

    flow: str
    rule: str
    column: str
    why: str
    rows: int


@dataclass(frozen=True)
class Rejected:
    """``keys`` are some of the rows, as they may be shown."""

    flow: str
    rule: str
    why: str
    rows: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accounting:
    cleansed: tuple[Cleansed, ...]
    rejected: tuple[Rejected, ...]

    @property
    def rows_rejected(self) -> int:
        return sum(each.rows for each in self.rejected)


@dataclass(frozen=True)
class RejectedRow:
    """A row of the source as JSON text, for the private file alone."""

    flow: str
    rule: str
    row: str


def account(
    migration: Migration, snapshot: str | None = None, *, keep: Callable[[RejectedRow], None] | None = None
) -> Accounting:
    """Counts in the source's ``snapshot``, or as it is now; ``keep`` is given the raw rows that are left behind."""
    veil = veil_of(migration)
    with reading(migration.source, snapshot) as reader:
        cleansed, rejected = [], []
        for flow in migration.flows:
            counts = _counts(reader, flow)
            for rule, rows in zip(flow.cleansing, counts, strict=False):
                cleansed.append(Cleansed(flow.name, rule.name, rule.column, rule.why, rows))
            for reject, rows in zip(flow.rejects, counts[len(flow.cleansing) :], strict=True):
                keys = tuple(_left(reader, flow, reject.name, reject.condition, veil, keep)) if rows else ()
                rejected.append(Rejected(flow.name, reject.name, reject.why, rows, keys))
        return Accounting(tuple(cleansed), tuple(rejected))


def counts_sql(flow: Flow) -> str:
    """One count per cleansing rule, among the rows that travel, then one per reject."""
    where = f"({flow.where}) AND " if flow.where else ""
    conditions = [f"{where}({rule.condition})" for rule in flow.cleansing]
    conditions += [f"({reject.condition})" for reject in flow.rejects]
    items = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    return f"SELECT {items} FROM {flow.relation} {S}"


def _counts(reader: Reader, flow: Flow) -> tuple[int, ...]:
    return tuple(reader.all(counts_sql(flow))[0]) if flow.cleansing or flow.rejects else ()


def _left(
    reader: Reader, flow: Flow, rule: str, condition: str, veil: Veil, keep: Callable[[RejectedRow], None] | None
) -> Iterator[str]:
    """Keys of the first rows, as they may be shown. A row is known by its source's key: the target's may be what
    could not be made of it."""
    table, key = _key(flow)
    items = "".join(f", {S}.{quoted(name)}::text" for name in key)
    limit = KEPT if keep else SAMPLES
    query = f"SELECT to_jsonb({S})::text{items} FROM {flow.relation} {S} WHERE ({condition}) LIMIT {limit}"
    for number, (row, *values) in enumerate(reader.stream(query)):
        if keep:
            keep(RejectedRow(flow.name, rule, row))
        if number < SAMPLES:
            shown = (
                f"{name}={veil.keyed(f'{table}.{name}', str(value))}" for name, value in zip(key, values, strict=True)
            )
            yield ", ".join(shown) or veil.keyed(str(flow.target), row)


def _key(flow: Flow) -> tuple[TableName, tuple[str, ...]]:
    """The columns of a flow's only table that tell its rows apart; none for a query."""
    first = flow.sources[0] if flow.sources else None
    if first is None or flow.relation.startswith("("):
        return flow.target, ()
    return first.table, first.unit
