"""SQL of a mapping, shown to the source piece by piece where the whole is refused; and what it reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from golive.migration.describe import TIME, Probe, Refused
from golive.migration.draft import Draft, place_of
from golive.migration.flow import Flow
from golive.migration.flows import relation_of
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Column
from golive.migration.sql_words import called, closed, mentioned
from golive.release.errors import Finding, Path


@dataclass(frozen=True)
class Described:
    """What the source says of a draft: the type of each target column's expression, or what is wrong."""

    types: Mapping[str, Column]
    findings: tuple[Finding, ...] = ()


def describe(draft: Draft, flow: Flow, source: Catalogue, probe: Probe) -> Described:
    """Plain columns need no question; the rest is asked in one, and in pieces when that is refused."""
    known = {given.target.name: given.source for given in draft.given if given.source is not None}
    asked = [given for given in draft.given if given.source is None]
    if not (asked or flow.where or draft.spec.query or draft.spec.split):
        return Described(known)
    broken = tuple(_pieces(draft, probe))
    if broken:
        return Described({}, broken)
    items = ", ".join(f"({closed(given.expression)})" for given in asked)
    where = f" WHERE {flow.where}" if flow.where else ""
    try:
        types = probe.describe(f"SELECT {items} FROM {flow.relation} s{where}")
    except Refused as error:
        return Described({}, (Finding(("tables", draft.path), "mapping.sql", {"why": str(error)}, at_key=True),))
    named = {given.target.name: found for given, found in zip(asked, types, strict=True)}
    return Described({**known, **named}, tuple(_reading(draft, flow, source, probe)))


def _pieces(draft: Draft, probe: Probe) -> Iterator[Finding]:
    """Each text that is refused, with its own place."""
    place: Path = ("tables", draft.path)
    relation = relation_of(replace(draft, spec=draft.spec.model_copy(update={"split": None})))
    if draft.spec.query is not None:
        refused = _refused(probe, f"SELECT FROM {relation} s", (*place, "query"))
        if refused is not None:
            yield refused
            return
    for row, texts in enumerate(draft.spec.split.rows if draft.spec.split else ()):
        for number, text in enumerate(texts):
            yield from _expression(probe, relation, text, (*place, "split", "rows", row, number))
    try:
        relation = relation_of(draft)
        probe.describe(f"SELECT FROM {relation} s")
    except Refused as error:
        yield Finding((*place, "split"), "mapping.sql", {"why": str(error)}, at_key=True)
        return
    for given in draft.given:
        if given.source is None:
            yield from _expression(probe, relation, given.expression, place_of(draft, given))
    for where, text in _conditions(draft):
        refused = _refused(probe, f"SELECT FROM {relation} s WHERE ({closed(text)})", (*place, *where))
        if refused is not None:
            yield refused


def _conditions(draft: Draft) -> Iterator[tuple[Path, str]]:
    if draft.spec.where is not None:
        yield ("where",), draft.spec.where
    for number, reject in enumerate(draft.spec.reject):
        yield ("reject", number, "when"), reject.when
    for number, rule in enumerate(draft.spec.clean):
        yield ("clean", number, "when"), rule.when


def _expression(probe: Probe, relation: str, text: str, place: Path) -> Iterator[Finding]:
    """Stands in WHERE too, where no aggregate, window or set can be: their value would change with the chunk."""
    written = f"({closed(text)})"
    try:
        found = probe.describe(f"SELECT {written} FROM {relation} s WHERE {written} IS NULL")
    except Refused as error:
        yield Finding(place, "mapping.sql", {"why": str(error)})
        return
    if len(found) != 1 or found[0].base == "record":
        yield Finding(place, "mapping.not_one_value")


def _refused(probe: Probe, statement: str, place: Path) -> Finding | None:
    try:
        probe.describe(statement)
    except Refused as error:
        return Finding(place, "mapping.sql", {"why": str(error)})
    return None


def _reading(draft: Draft, flow: Flow, source: Catalogue, probe: Probe) -> Iterator[Finding]:
    """Tables read and not declared, whose changes nobody would see; and functions that give another value each time."""
    place: Path = ("tables", draft.path)
    texts = [(place_of(draft, given), given.expression) for given in draft.given if given.plain is None]
    texts += [(place, draft.spec.query or ""), (place, flow.where)]
    volatile = probe.volatile(called(text for _, text in texts))
    for where, text in texts:
        for name in sorted((volatile & called([text])) | (TIME & mentioned([text]))):
            yield Finding(where, "mapping.not_repeatable", {"name": name}, at_key=True)
    try:
        tables = probe.reads(flow.select())
    except Refused as error:
        yield Finding(place, "mapping.sql", {"why": str(error)}, at_key=True)
        return
    declared = {entry.table for entry in flow.sources}
    for table in sorted({_root(name, source) for name in tables} - declared):
        yield Finding(place, "mapping.undeclared_read", {"name": str(table)}, at_key=True)
    yield from _unit(draft, flow, probe)


def _root(name: TableName, source: Catalogue) -> TableName:
    table = source.tables.get(name)
    while table is not None and table.partition_of is not None:
        name, table = table.partition_of, source.tables.get(table.partition_of)
    return name


def _unit(draft: Draft, flow: Flow, probe: Probe) -> Iterator[Finding]:
    """A unit's columns depend on nothing but the captured ones, and every table has as many of these."""
    place: Path = ("tables", draft.path)
    captured = ", ".join(f"NULL::{name} AS u{number}" for number, name in enumerate(flow.unit_types, 1))
    for column in flow.unit:
        refused = _refused(probe, f"SELECT {column.expression} FROM (SELECT {captured}) u", (*place, "unit"))
        if refused is not None:
            data = {"name": column.name, "why": refused.data["why"]}
            yield Finding((*place, "unit"), "mapping.unit_depends", data, at_key=True)
    for table in flow.sources[1:]:
        if table.unit and len(table.unit) != len(flow.unit_types):
            data = {"name": str(table.table), "found": len(table.unit), "wanted": len(flow.unit_types)}
            yield Finding((*place, "reads"), "mapping.unit_width", data, at_key=True)
