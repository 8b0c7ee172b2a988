"""A mapping as its author writes it: one YAML file, read into one frozen value.

A column is an SQL expression over the alias ``s``, the source's row. What has the same name and type needs no words,
so an identical schema needs no file at all: ``DataMapping()`` stands for it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from golive.canonical import Digest, digest
from golive.migration.mapping_shapes import Expression, Literal_, ObjectName, Pattern, Query, TablePath
from golive.release.base import Model
from golive.release.shapes import Name, Text

Columns = tuple[ObjectName, ...]
EVERY = "*"
"""In ``ignore``: the whole table."""


class Lookup(Model):
    """Values by key: ``rows`` written here, or a ``table`` of the source with its ``key`` and ``value`` columns."""

    rows: Mapping[Literal_, Literal_] = {}
    table: TablePath | None = None
    key: ObjectName | None = None
    value: ObjectName | None = None
    where: Expression | None = None


class LookupUse(Model):
    """``of``: the key, over ``s``. A key that is NULL gives NULL. What becomes of one that the lookup lacks:
    ``refuse`` stops the copy, ``null`` and ``default`` give NULL and ``default``."""

    lookup: Name = Field(alias="in")
    of: Expression
    missing: Literal["refuse", "null", "default"] = "refuse"
    default: Literal_ | None = None


class Clean(Model):
    """Where ``when`` holds, ``column`` becomes ``sql`` instead of what it would be; the first rule that fits counts."""

    column: ObjectName
    when: Expression
    sql: Expression
    why: Text


class Reject(Model):
    """Rows for which ``when`` holds do not travel; they are counted and kept."""

    when: Expression
    why: Text


class Split(Model):
    """One source row becomes as many as ``rows`` has, each giving ``columns``, which ``s`` then has beside its own."""

    columns: Annotated[Columns, Field(min_length=1)]
    rows: Annotated[tuple[tuple[Expression, ...], ...], Field(min_length=1)]


class TableMapping(Model):
    """How the rows of one target table come about.

    ``reads``: further source tables that expressions or the query read, each with its columns that identify the
    unit, in the order of the first table's; none where any change concerns every row. ``unit``: target columns that
    depend on those alone. ``defaults``: columns left to the target's own default. ``accept``: columns whose loss is
    agreed, and why. ``truncate``: rows that stand in the target may be thrown away.
    """

    source: TablePath | None = Field(default=None, alias="from")
    query: Query | None = None
    reads: Mapping[TablePath, Columns] = {}
    where: Expression | None = None
    columns: Mapping[ObjectName, Expression] = {}
    constants: Mapping[ObjectName, Literal_] = {}
    lookups: Mapping[ObjectName, LookupUse] = {}
    defaults: Columns = ()
    split: Split | None = None
    key: Columns = ()
    unit: Columns = ()
    split_by: ObjectName | None = None
    clean: tuple[Clean, ...] = ()
    reject: tuple[Reject, ...] = ()
    classify: Mapping[ObjectName, Literal["public", "internal", "personal"]] = {}
    accept: Mapping[ObjectName, Text] = {}
    truncate: bool = False


class Reverse(Model):
    """The way back: source tables as targets, target tables as sources. What it leaves out follows from the way there.

    ``exclude``: patterns of source tables that stay as they are; ``ignore``: what of the target is left behind.
    """

    exclude: tuple[Pattern, ...] = ()
    lookups: Mapping[Name, Lookup] = {}
    tables: Mapping[TablePath, TableMapping] = {}
    ignore: Mapping[TablePath, Columns] = {}


class DataMapping(Model):
    """``schemas``: which source schema goes into which target schema, where their names differ. ``include`` and
    ``exclude``: patterns of target tables. ``ignore``: source tables, and their columns, that are dropped knowingly.
    ``large_objects``: what becomes of them, where the source has any."""

    format: Literal[1] = Field(default=1, alias="schema")
    schemas: Mapping[ObjectName, ObjectName] = {}
    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    lookups: Mapping[Name, Lookup] = {}
    tables: Mapping[TablePath, TableMapping] = {}
    ignore: Mapping[TablePath, Columns] = {}
    large_objects: Literal["refuse", "copy", "leave"] = "refuse"
    reverse: Reverse | None = None

    @property
    def digest(self) -> Digest:
        return digest(self.as_data())
