"""Names in SQL: the one place where they are quoted."""

from dataclasses import dataclass

IDENTIFIER_BYTES = 63
"""PostgreSQL cuts a longer name silently, inside a Korean letter too; we refuse it."""


def quoted(name: str) -> str:
    """A name as an SQL identifier. Raises ``ValueError`` for one that PostgreSQL cannot keep."""
    if not name or "\x00" in name or len(name.encode()) > IDENTIFIER_BYTES:
        raise ValueError(f"not a PostgreSQL name: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Text as an SQL literal, whatever the server's ``standard_conforming_strings``."""
    if "\x00" in value:
        raise ValueError("PostgreSQL has no NUL in a text")
    body = value.replace("'", "''")
    return " E'" + body.replace("\\", "\\\\") + "'" if "\\" in value else f"'{body}'"


def columns(names: tuple[str, ...], alias: str = "") -> str:
    """Names as a comma-separated list, each behind ``alias`` if there is one."""
    before = f"{alias}." if alias else ""
    return ", ".join(before + quoted(name) for name in names)


@dataclass(frozen=True, order=True)
class TableName:
    """A table of a schema; ``str()`` is for people, ``sql`` for a server."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"
