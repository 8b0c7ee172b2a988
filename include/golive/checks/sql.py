"""A check by one number from a PostgreSQL database, read in a transaction that cannot write."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString

import psycopg

from golive.checks.errors import ExpectationInvalid
from golive.checks.values import Address, Result, Verdict, allow, cause
from golive.secret import Secret
from golive.texts import text


@dataclass(frozen=True)
class Database:
    """Where to ask, and as whom."""

    host: str
    port: int
    name: str
    user: str
    password: Secret


@dataclass(frozen=True)
class ScalarExpectation:
    """The number must lie between ``minimum`` and ``maximum``, both included; at least one is given.

    Raises ``ExpectationInvalid`` for a range in which no number lies, or every number.
    """

    minimum: int | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        low, high = self.minimum, self.maximum
        unbounded = low is None and high is None
        empty = low is not None and high is not None and low > high
        if unbounded or empty:
            raise ExpectationInvalid(problem=f"minimum: {low}, maximum: {high}")

    def __contains__(self, number: int) -> bool:
        above = self.minimum is None or number >= self.minimum
        return above and (self.maximum is None or number <= self.maximum)

    def __str__(self) -> str:
        return f"{'' if self.minimum is None else self.minimum}…{'' if self.maximum is None else self.maximum}"


def scalar_check(
    name: str,
    database: Database,
    query: LiteralString,
    parameters: Mapping[str, Any],
    expectation: ScalarExpectation,
    *,
    allowed: Collection[Address],
    timeout_seconds: int = 10,
    locale: str = "en",
) -> Verdict:
    """As ``probe_scalar``, where no event loop runs."""
    probe = probe_scalar(
        name, database, query, parameters, expectation, allowed=allowed, timeout_seconds=timeout_seconds, locale=locale
    )
    return asyncio.run(probe)


async def probe_scalar(
    name: str,
    database: Database,
    query: LiteralString,
    parameters: Mapping[str, Any],
    expectation: ScalarExpectation,
    *,
    allowed: Collection[Address],
    timeout_seconds: int = 10,
    locale: str = "en",
) -> Verdict:
    """PASS when ``query`` gives one row with one integer that is expected. No row and NULL are a FAIL: no data is no
    proof. ``query`` is code; whatever comes from a manifest goes through ``parameters`` (``%(name)s``).

    INCONCLUSIVE when the database could not be asked or did not answer in time; a server that does not even let the
    query be cancelled holds this for up to ten seconds more. Raises ``AddressNotInInventory``.
    """
    allow(database.host, database.port, allowed)
    try:
        async with asyncio.timeout(timeout_seconds):
            rows = await _rows(database, query, parameters, timeout_seconds)
    except (TimeoutError, psycopg.errors.QueryCanceled):
        return Verdict(name, Result.INCONCLUSIVE, text("checks.no_answer_in_time", locale, seconds=timeout_seconds))
    except psycopg.OperationalError as error:
        return Verdict(name, Result.INCONCLUSIVE, text("checks.unreachable", locale, cause=cause(error)))
    except psycopg.Error as error:
        return Verdict(name, Result.FAIL, text("checks.query_failed", locale, cause=cause(error)))
    return _judge(name, rows, expectation, locale)


def _judge(name: str, rows: list[tuple[Any, ...]], expectation: ScalarExpectation, locale: str) -> Verdict:
    value = _integer(rows[0][0]) if len(rows) == 1 and len(rows[0]) == 1 else None
    if value is None:
        return Verdict(name, Result.FAIL, text("checks.no_number", locale, rows=len(rows)))
    result = Result.PASS if value in expectation else Result.FAIL
    return Verdict(name, result, text("checks.number", locale, number=value, expected=expectation), value)


def _integer(value: object) -> int | None:
    """A sum of bigints comes as a numeric; a fraction, a text, NaN and infinity are no integer."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return int(value) if isinstance(value, int) else None


async def _rows(
    database: Database, query: LiteralString, parameters: Mapping[str, Any], timeout_seconds: int
) -> list[tuple[Any, ...]]:
    """At most two rows. The binary format lets the server take one statement only, so none can end the transaction."""
    connection = await psycopg.AsyncConnection.connect(
        host=database.host,
        port=database.port,
        dbname=database.name,
        user=database.user,
        password=database.password.reveal(),
        connect_timeout=timeout_seconds,
        application_name="golive check",
        options=f"-c statement_timeout={timeout_seconds * 1000}",
    )
    async with connection:
        await connection.set_read_only(True)
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchmany(2)
