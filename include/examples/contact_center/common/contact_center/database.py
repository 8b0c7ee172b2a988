"""Questions and writes to the database. Each opens its own connection: a restarted database is met again at once."""

import sys
from typing import Any

try:
    import psycopg
    from psycopg.rows import dict_row
except ImportError as error:
    sys.exit(f"the Python that runs this service has no psycopg; set GOLIVE_PYTHON to one that has it ({error})")

CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 5000


class Unreachable(Exception):
    """The database does not answer, or not in time."""


class Refused(Exception):
    """The database takes no writes now, or not this one."""


class Database:
    """One database; every question and write has a time-out."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of ``query`` as dictionaries. Raises ``Unreachable`` when there is no answer."""
        return self._ask(query, None)

    def write(self, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        """What one statement returns, committed. Raises ``Refused``, and ``Unreachable`` when nobody knows."""
        try:
            return self._ask(statement, values)
        except psycopg.Error as error:
            raise Refused(f"{error.sqlstate} {error}".strip()) from error

    def _ask(self, query: str, values: dict[str, Any] | None) -> list[dict[str, Any]]:
        options = f"-c statement_timeout={STATEMENT_MILLISECONDS}"
        try:
            with (
                psycopg.connect(
                    **self._settings,  # type: ignore[arg-type]
                    connect_timeout=CONNECT_SECONDS,
                    options=options,
                    autocommit=True,
                ) as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                return cursor.execute(query.encode(), values).fetchall()
        except psycopg.OperationalError as error:
            raise Unreachable(str(error)) from error
