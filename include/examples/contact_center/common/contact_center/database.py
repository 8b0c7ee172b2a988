"""Questions to the database. Each opens its own connection, so a restarted database is met again at once."""

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


class Database:
    """Reads from one database; every question has a time-out."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of ``query`` as dictionaries. Raises ``Unreachable`` when there is no answer."""
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
                return cursor.execute(query.encode()).fetchall()
        except psycopg.OperationalError as error:
            raise Unreachable(str(error)) from error
