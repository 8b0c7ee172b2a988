"""What the source says of SQL that was not run: whether it is right, its types, and which tables it reads."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from golive.migration import catalogue_sql as sql
from golive.migration.names import TableName
from golive.migration.objects import Column

TIME = frozenset(
    (
        "now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp",
        "statement_timestamp", "transaction_timestamp", "current_user", "session_user", "user", "current_role",
    )
)  # fmt: skip
"""Names whose value is another at each reading, though PostgreSQL calls them stable."""


class Refused(Exception):
    """The source does not understand a statement; the text is its own, and names no value of a row."""


@dataclass(frozen=True)
class Probe:
    """A session on the source for such questions."""

    session: psycopg.Connection[Any]

    def describe(self, statement: str) -> tuple[Column, ...]:
        """The columns of a statement that is prepared and never run. Raises ``Refused``."""
        connection = self.session.pgconn
        prepared = connection.prepare(b"", statement.encode())
        if prepared.status != ExecStatus.COMMAND_OK:
            raise Refused(_said(prepared))
        found = connection.describe_prepared(b"")
        places = range(found.nfields)
        types = self._types([found.ftype(i) for i in places], [found.fmod(i) for i in places])
        names = [(found.fname(i) or b"").decode() for i in places]
        return tuple(
            Column(name, place, limited, limited, base, kind, False, None)
            for place, (name, (limited, base, kind)) in enumerate(zip(names, types, strict=True), 1)
        )

    def reads(self, statement: str) -> frozenset[TableName]:
        """The tables that a statement would read, as it would be planned. Raises ``Refused``.

        Only for what ``describe`` has taken: it lets no second statement through.
        """
        try:
            with self.session.transaction():
                self.session.execute("SET TRANSACTION READ ONLY")
                explained = f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) {statement}"
                row = self.session.execute(explained.encode()).fetchone()
        except psycopg.Error as error:
            raise Refused(masked(error)) from error
        plan = row[0] if row else []
        return frozenset(_relations(json.loads(plan) if isinstance(plan, str) else plan))

    def volatile(self, names: Iterable[str]) -> frozenset[str]:
        """Those of ``names`` that are functions with another result at each call."""
        rows = self.session.execute(sql.VOLATILE, {"names": sorted(names)}).fetchall()
        return frozenset(name for (name,) in rows)

    def _types(self, types: Sequence[int], modifiers: Sequence[int]) -> list[tuple[str, str, str]]:
        facts = {"types": list(types), "modifiers": list(modifiers)}
        return [(row[1], row[2], row[3]) for row in self.session.execute(sql.TYPES.encode(), facts).fetchall()]


def masked(error: psycopg.Error) -> str:
    """A server's message without what stands in quotes, which may be a person's."""
    text = error.diag.message_primary or str(error)
    return re.sub(r'"[^"]*"', '"…"', text)


def _said(result: Any) -> str:
    message = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    hint = (result.error_field(DiagnosticField.MESSAGE_HINT) or b"").decode(errors="replace")
    return f"{message} ({hint})" if hint else message


def _relations(plan: Any) -> Iterable[TableName]:
    if isinstance(plan, dict):
        if "Relation Name" in plan:
            yield TableName(plan.get("Schema", ""), plan["Relation Name"])
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _relations(part)
