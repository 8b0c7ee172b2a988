"""Values written in a mapping, shown to the target: whether it takes them, and keeps them whole."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from golive.migration.draft import Draft
from golive.migration.mapping import Lookup
from golive.migration.names import literal
from golive.migration.objects import Column
from golive.release.errors import Finding, Path


def constant_findings(
    drafts: tuple[Draft, ...], lookups: Mapping[str, Lookup], session: psycopg.Connection[Any]
) -> Iterator[Finding]:
    """``session`` is on the target."""
    for draft in drafts:
        columns = {column.name: column for column in draft.target.columns}
        for place, name, value in _values(draft, lookups):
            if name in columns:
                yield from _judged(session, place, columns[name], value)


def _values(draft: Draft, lookups: Mapping[str, Lookup]) -> Iterator[tuple[Path, str, str]]:
    place: Path = ("tables", draft.path)
    for name, value in draft.spec.constants.items():
        yield (*place, "constants", name), name, value
    for name, use in draft.spec.lookups.items():
        if use.default is not None:
            yield (*place, "lookups", name, "default"), name, use.default
        lookup = lookups.get(use.lookup)
        for key, value in lookup.rows.items() if lookup else ():
            yield ("lookups", use.lookup, "rows", key), name, value


def _judged(session: psycopg.Connection[Any], place: Path, column: Column, value: str) -> Iterator[Finding]:
    """A cast by hand to a type with a modifier cuts; so what comes out is compared with the value uncut."""
    cut = f"({literal(value)}::{column.limited})::{column.base} IS DISTINCT FROM {literal(value)}::{column.base}"
    changed = "false" if column.limited == column.base else cut
    try:
        with session.transaction():
            row = session.execute(f"SELECT {changed}, ({literal(value)}::{column.type})::text".encode()).fetchone()
    except psycopg.Error as error:
        why = error.diag.message_primary or str(error)
        yield Finding(place, "mapping.constant_refused", {"to": column.type, "why": why})
        return
    if row is not None and row[0]:
        yield Finding(place, "mapping.constant_changed", {"to": column.type})
