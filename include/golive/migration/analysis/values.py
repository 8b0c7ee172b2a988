"""A profile as values. It holds ranges of public columns only: the others' are somebody's."""

from dataclasses import dataclass

from golive.migration.flow import Classification


@dataclass(frozen=True)
class Trouble:
    """``count`` values that look wrong in one way; ``kind`` is a name in ``patterns.TROUBLES`` or a suspected type."""

    kind: str
    count: int


@dataclass(frozen=True)
class ColumnProfile:
    """``distinct`` is an estimate, None where there is none. ``shortest`` and ``longest`` count letters, of texts;
    ``smallest`` and ``largest`` are given for public columns. ``looks_like`` is what nearly all texts are."""

    name: str
    type: str
    classification: Classification
    nulls: int
    distinct: int | None = None
    shortest: int | None = None
    longest: int | None = None
    smallest: str | None = None
    largest: str | None = None
    looks_like: str | None = None
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Orphans:
    """Rows whose ``columns`` name no row of ``parent``. ``declared``: there is a foreign key, and it lies."""

    columns: tuple[str, ...]
    parent: str
    referenced: tuple[str, ...]
    declared: bool
    count: int


@dataclass(frozen=True)
class Duplicates:
    """``rows`` that share their ``columns`` with another one, in ``groups``, where these look like a key."""

    columns: tuple[str, ...]
    groups: int
    rows: int


@dataclass(frozen=True)
class TableProfile:
    """``bytes`` include TOAST and indexes. ``key`` is the primary key, empty when there is none."""

    table: str
    rows: int
    bytes: int
    key: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]
    orphans: tuple[Orphans, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()

    def column(self, name: str) -> ColumnProfile | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Profile:
    """``database`` is where it was taken, all of it in one snapshot."""

    database: str
    tables: tuple[TableProfile, ...]
