"""What a database consists of, as values. ``catalogue`` reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from golive.migration.names import TableName


@dataclass(frozen=True)
class Column:
    """``type`` is as ``format_type`` shows it, with its modifier; ``limited`` the same looked at through domains, and
    ``base`` that without its modifier. Types outside ``pg_catalog`` always show their schema.

    ``kind`` is that of ``base``: ``b`` plain, ``a`` array, ``e`` enum, ``c`` composite, ``r`` range, ``m`` multirange.
    ``not_null`` holds for what a domain forbids too. ``identity``: ``a`` always, ``d`` by default; ``generated``:
    ``s`` stored, ``v`` virtual; empty where it is neither.
    """

    name: str
    number: int
    type: str
    limited: str
    base: str
    kind: str
    not_null: bool
    default: str | None
    identity: str = ""
    generated: str = ""
    collation: str | None = None

    @property
    def fills_itself(self) -> bool:
        """Whether a row that says nothing of this column still gets a value."""
        return bool(self.default or self.identity or self.generated)


@dataclass(frozen=True)
class Constraint:
    """``kind``: ``p`` primary, ``u`` unique, ``c`` check, ``x`` exclusion, ``n`` not null. ``definition`` is SQL."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    deferrable: bool
    valid: bool


@dataclass(frozen=True)
class ForeignKey:
    """``actions`` are ON UPDATE and ON DELETE as PostgreSQL codes them (``a`` none, ``c`` cascade, …)."""

    name: str
    columns: tuple[str, ...]
    references: TableName
    referenced: tuple[str, ...]
    definition: str
    actions: str
    deferrable: bool
    valid: bool


@dataclass(frozen=True)
class Index:
    """``columns`` are its plain key columns, empty when it has an expression. ``constraint`` is the one it serves."""

    name: str
    columns: tuple[str, ...]
    unique: bool
    partial: bool
    valid: bool
    definition: str
    constraint: str | None


@dataclass(frozen=True)
class Trigger:
    """``enabled``: ``O`` origin, ``A`` always, ``R`` replica, ``D`` disabled."""

    name: str
    enabled: str
    definition: str


@dataclass(frozen=True)
class Table:
    """``kind``: ``r`` table, ``p`` partitioned, ``v`` view, ``m`` materialized view, ``f`` foreign.

    ``leaves`` are the tables that hold its rows: itself, or a partitioned table's lowest partitions. ``partition_of``
    and ``inherits`` are its parents. ``bytes`` include TOAST and every leaf; ``rows`` is the planner's estimate, -1
    where it has none. ``selectable`` and ``owned`` are our login's rights; ``hides_rows``: a policy applies to us.
    """

    name: TableName
    kind: str
    columns: tuple[Column, ...] = ()
    partition_of: TableName | None = None
    inherits: tuple[TableName, ...] = ()
    children: tuple[TableName, ...] = ()
    leaves: tuple[TableName, ...] = ()
    bytes: int = 0
    rows: int = -1
    row_security: bool = False
    hides_rows: bool = False
    selectable: bool = True
    owned: bool = True
    unlogged: bool = False
    replica_identity: str = "d"
    constraints: tuple[Constraint, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def stores_rows(self) -> bool:
        """Whether rows are written into it: a table or partitioned table, not a view nor a foreign table."""
        return self.kind in ("r", "p")

    @property
    def primary_key(self) -> tuple[str, ...]:
        return next((constraint.columns for constraint in self.constraints if constraint.kind == "p"), ())

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Column sets whose values are unique and never null, the primary key first."""
        required = {column.name for column in self.columns if column.not_null}
        unique = [
            index.columns
            for index in self.indexes
            if index.unique
            and index.valid
            and not index.partial
            and index.columns
            and required.issuperset(index.columns)
        ]
        first = [self.primary_key] if self.primary_key else []
        return tuple(dict.fromkeys(first + sorted(unique, key=len)))


@dataclass(frozen=True)
class Sequence:
    """``owner`` is the column that it numbers; ``identity`` whether that column is one by GENERATED AS IDENTITY."""

    name: TableName
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cycles: bool
    owner: tuple[TableName, str] | None = None
    identity: bool = False


@dataclass(frozen=True)
class Domain:
    name: str
    base: str
    not_null: bool
    default: str | None
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """A database's schemas. Types are named as ``Column.type`` names them. ``version`` is PostgreSQL's, as 180003;
    ``casts`` are those that an assignment may use, from and to a base type."""

    database: str
    version: int
    tables: Mapping[TableName, Table]
    sequences: Mapping[TableName, Sequence] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    composites: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    casts: frozenset[tuple[str, str]] = frozenset()
    large_objects: int = 0

    @property
    def roots(self) -> tuple[Table, ...]:
        """The tables that rows are read from or written to as a whole: no view, no partition of another."""
        return tuple(table for table in self.tables.values() if table.stores_rows and table.partition_of is None)
