"""What may be shown of a server's error. Its text repeats the values of rows, and reports and ledgers never forget."""

import re
from dataclasses import dataclass

import asyncpg
import psycopg

MASK = "•••"
TELLING = ("22", "23", "P0", "38", "39")
"""The classes whose messages repeat values: data exceptions, broken constraints, what functions raise."""
LOST = ("08", "57P")
"""Nobody knows what became of the statement: the session, or the server, has gone."""
PASSING = ("40", "55P03", "57014", "53300")
"""It may go well the next time: a deadlock, a lock not had in time, a cancelled statement, no free slot."""

DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What asyncpg raises. The internal error is a session that was ended while nobody asked it anything."""


@dataclass(frozen=True)
class Cause:
    """A server's error. ``names`` are the objects it speaks of; ``place`` is the line and column of a COPY."""

    sqlstate: str
    message: str
    names: tuple[str, ...] = ()
    place: str = ""
    detail: str = ""

    @property
    def lost(self) -> bool:
        return not self.sqlstate or self.sqlstate.startswith(LOST)

    @property
    def passing(self) -> bool:
        return self.lost or self.sqlstate.startswith(PASSING)

    def text(self, public: bool = False) -> str:
        """For people: everything when the values are ``public``; else without what may be one."""
        if public:
            return " ".join(part for part in (self.message, self.detail, self.place) if part)
        if not self.sqlstate.startswith(TELLING):
            return self.message
        kept = _masked(self.message, self.names) if self.sqlstate.startswith(("22", "23")) else MASK
        return " ".join(part for part in (f"[{self.sqlstate}]", kept, self.place) if part)


def cause(error: BaseException) -> Cause:
    """Of an error of either driver; anything else (a socket's) is a lost session."""
    if isinstance(error, asyncpg.PostgresError):
        return _cause(error.sqlstate, str(error.args[0]), error, error)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return _cause(error.sqlstate, error.diag.message_primary or "", error.diag, error.diag)
    return Cause("", str(error).strip() or type(error).__name__)


def redacted(error: BaseException) -> BaseException:
    """The error as another's cause, for a traceback: of its kind, without the values that the driver's own shows."""
    if isinstance(error, asyncpg.PostgresError | psycopg.Error):
        return type(error)(cause(error).text())
    return error


def _cause(sqlstate: str | None, message: str, names: object, diagnosis: object) -> Cause:
    found = [getattr(names, name, None) for name in ("schema_name", "table_name", "column_name", "constraint_name")]
    context = str(getattr(diagnosis, "context", None) or "")
    place = re.search(r"COPY [^,\n]+, line \d+(, column [^:\n]+)?", context)
    detail = str(getattr(diagnosis, "message_detail", None) or getattr(diagnosis, "detail", None) or "")
    return Cause(sqlstate or "", message, tuple(filter(None, found)), place.group(0) if place else "", detail)


def _masked(message: str, names: tuple[str, ...]) -> str:
    """A message without what stands in quotes (to the last one: a value may hold quotes), but for known names."""
    for number, name in enumerate(names):
        message = message.replace(f'"{name}"', f"\x00{number}\x00")
    message = re.sub(r'".*"|0x[0-9a-f ]+', MASK, message, flags=re.DOTALL)
    for number, name in enumerate(names):
        message = message.replace(f"\x00{number}\x00", f'"{name}"')
    return message
