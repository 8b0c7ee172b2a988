"""Questions that only the rows can answer, asked in one reading of each flow where that is possible."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from golive.migration.describe import masked
from golive.release.errors import Finding, Path

_AT_ONCE = 200


@dataclass(frozen=True)
class Question:
    """``condition`` holds for a row that is a problem; ``relation`` and ``where`` are the flow's. ``grouped``: the
    expressions of which no two rows may have the same values; then ``condition`` says which rows count."""

    path: Path
    key: str
    relation: str
    where: str
    condition: str
    data: Mapping[str, Any] = field(default_factory=dict)
    grouped: tuple[str, ...] = ()


def ask(session: psycopg.Connection[Any], questions: Iterable[Question], seconds: int) -> Iterator[Finding]:
    """A finding for each question that has rows, with their number; and for each that could not be answered.

    One statement may take ``seconds``; a question that takes longer, or breaks, is told of as undecided.
    """
    by_flow: dict[tuple[str, str], list[Question]] = {}
    for question in questions:
        if question.grouped:
            yield from _alone(session, question, seconds)
        else:
            by_flow.setdefault((question.relation, question.where), []).append(question)
    for (relation, where), asked in by_flow.items():
        for first in range(0, len(asked), _AT_ONCE):
            part = asked[first : first + _AT_ONCE]
            try:
                counts = _counts(session, relation, where, part, seconds)
            except psycopg.errors.QueryCanceled:
                yield from (_undecided(question, seconds) for question in part)
            except psycopg.Error:
                if session.broken:
                    raise
                for question in part:
                    yield from _alone(session, question, seconds)
            else:
                yield from (_found(question, count) for question, count in zip(part, counts, strict=True) if count)


def _alone(session: psycopg.Connection[Any], question: Question, seconds: int) -> Iterator[Finding]:
    try:
        if question.grouped:
            counts = _answer(session, _twice(question), seconds)
        else:
            counts = _counts(session, question.relation, question.where, [question], seconds)
    except psycopg.errors.QueryCanceled:
        yield _undecided(question, seconds)
    except psycopg.Error as error:
        if session.broken:
            raise
        yield Finding(question.path, "mapping.value_refused", {**question.data, "why": masked(error)}, at_key=True)
    else:
        yield from (_found(question, count) for count in counts if count)


def _counts(
    session: psycopg.Connection[Any], relation: str, where: str, asked: list[Question], seconds: int
) -> tuple[int, ...]:
    items = ", ".join(f"count(*) FILTER (WHERE {question.condition})" for question in asked)
    return _answer(session, f"SELECT {items} FROM {relation} s{_where(where)}", seconds)


def _twice(question: Question) -> str:
    groups = ", ".join(question.grouped)
    condition = " AND ".join(part for part in (question.where, question.condition) if part)
    inner = f"SELECT FROM {question.relation} s{_where(condition)} GROUP BY {groups} HAVING count(*) > 1"
    return f"SELECT count(*) FROM ({inner}) twice"


def _where(condition: str) -> str:
    return f" WHERE {condition}" if condition else ""


def _answer(session: psycopg.Connection[Any], statement: str, seconds: int) -> tuple[int, ...]:
    with session.transaction():
        session.execute("SET TRANSACTION READ ONLY")
        session.execute(f"SET LOCAL statement_timeout = {seconds * 1000}".encode())
        row = session.execute(statement.encode()).fetchone()
    return tuple(row or ())


def _found(question: Question, count: int) -> Finding:
    return Finding(question.path, question.key, {**question.data, "count": count}, at_key=True)


def _undecided(question: Question, seconds: int) -> Finding:
    return Finding(question.path, "mapping.undecided", {**question.data, "seconds": seconds}, at_key=True)
