"""By what the rows of a target table are known again when something of them changed; pure."""

from dataclasses import dataclass

from golive.migration.draft import Draft, Given
from golive.migration.flow import S, Source, UnitColumn
from golive.migration.names import quoted
from golive.migration.sql_words import closed, mentioned, takes_whole_row


@dataclass(frozen=True)
class Unit:
    """``columns`` of the target, and the source columns that are ``captured`` for them, of the flow's first table."""

    columns: tuple[UnitColumn, ...] = ()
    captured: tuple[str, ...] = ()


def unit_of(draft: Draft) -> Unit:
    """What the mapping declares, else the key's columns that depend on nothing but the source table's own columns."""
    given = {entry.target.name: entry for entry in draft.given}
    if draft.spec.query is not None:
        captured = next(iter(draft.reads.values()), ())
        chosen = [given[name] for name in draft.spec.unit if name in given]
    else:
        chosen = [given[name] for name in draft.spec.unit or draft.key if name in given]
        chosen = chosen if draft.spec.unit else [entry for entry in chosen if _depends_on(draft, entry)]
        captured = tuple(dict.fromkeys(name for entry in chosen for name in _depends_on(draft, entry)))
    return Unit(tuple(_unit_column(entry, captured) for entry in chosen), captured if chosen else ())


def sources_of(draft: Draft, unit: Unit) -> tuple[Source, ...]:
    first = [Source(draft.source.name, unit.captured)] if draft.source is not None else []
    further = [Source(table, names if unit.columns else ()) for table, names in draft.reads.items()]
    return (*first, *further, *(Source(table, ()) for table in draft.lookup_tables if table not in draft.reads))


def _depends_on(draft: Draft, entry: Given) -> tuple[str, ...]:
    """The source table's columns that an expression mentions; none when it mentions something else too."""
    if entry.plain is not None:
        return (entry.plain,) if entry.source is not None else ()
    words = mentioned([entry.expression])
    made = {"select", *(draft.spec.split.columns if draft.spec.split else ())}
    if takes_whole_row(entry.expression, S) or not words.isdisjoint(made):
        return ()
    return tuple(column.name for column in draft.source.columns if column.name in words) if draft.source else ()


def _unit_column(entry: Given, captured: tuple[str, ...]) -> UnitColumn:
    """``s`` of the expression becomes a row of the captured columns alone, so it can depend on nothing else."""
    name, wire = entry.target.name, entry.wire or "text"
    if entry.plain in captured:
        return UnitColumn(name, wire, f"u.u{captured.index(entry.plain) + 1}")
    row = ", ".join(f"u.u{place} AS {quoted(column)}" for place, column in enumerate(captured, 1))
    return UnitColumn(name, wire, f"(SELECT {closed(entry.expression)} FROM (SELECT {row}) {S})")
