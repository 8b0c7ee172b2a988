"""The SQL of constants, lookups, cleansing and rejects; pure."""

from collections.abc import Iterable

from golive.migration.flow import Cleansing, Reject
from golive.migration.mapping import Clean, Lookup, LookupUse
from golive.migration.mapping import Reject as RejectRule
from golive.migration.mapping_shapes import table_name
from golive.migration.names import literal, quoted
from golive.migration.sql_words import closed


def constant(value: str, wire: str | None) -> str:
    return f"{literal(value).strip()}::{wire or 'text'}"


def looked_up(use: LookupUse, lookup: Lookup, wire: str | None) -> str:
    """The value for a key. A key that is missing and refused becomes a cast that fails and says so: SQL has no other
    way to stop within an expression."""
    key = f"({closed(use.of)})::text"
    found = _of_table(key, lookup) if lookup.table else None
    missing = _missing(use, key)
    if found is not None:
        chosen = f"CASE WHEN {key} IS NOT NULL THEN coalesce(({found})::text, {missing}) END"
    else:
        cases = " ".join(f"WHEN {literal(name)} THEN {literal(value)}" for name, value in lookup.rows.items())
        chosen = f"CASE {key} {cases} ELSE CASE WHEN {key} IS NOT NULL THEN {missing} END END"
        chosen = chosen if lookup.rows else f"CASE WHEN {key} IS NOT NULL THEN {missing} END"
    return f"({chosen})::{wire or 'text'}"


def lacks(use: LookupUse, lookup: Lookup) -> str:
    """Whether a row's key is one that the lookup lacks."""
    key = f"({closed(use.of)})::text"
    if lookup.table:
        return f"{key} IS NOT NULL AND ({_of_table(key, lookup)}) IS NULL"
    known = ", ".join(literal(name) for name in lookup.rows) or "NULL"
    return f"{key} IS NOT NULL AND ({key} IN ({known})) IS NOT TRUE"


def _of_table(key: str, lookup: Lookup) -> str:
    table = table_name(lookup.table or "")
    where = f" AND ({closed(lookup.where)})" if lookup.where else ""
    return (
        f"SELECT l.{quoted(lookup.value or '')} FROM {table.sql} l"
        f" WHERE l.{quoted(lookup.key or '')}::text = {key}{where}"
    )


def _missing(use: LookupUse, key: str) -> str:
    if use.missing == "default":
        return literal(use.default or "")
    if use.missing == "null":
        return "NULL"
    return f"(({literal(f'the lookup {use.lookup} lacks a key: ')} || md5({key}))::integer)::text"


def cleansed(expression: str, rules: Iterable[Clean]) -> str:
    cases = " ".join(f"WHEN {closed(rule.when)} THEN {closed(rule.sql)}" for rule in rules)
    return f"CASE {cases} ELSE {closed(expression)} END"


def cleansings(rules: tuple[Clean, ...]) -> tuple[Cleansing, ...]:
    """Each rule with the rows that it is that changes: an earlier one of the same column does not."""
    found = []
    for number, rule in enumerate(rules, 1):
        before = [earlier.when for earlier in rules[: number - 1] if earlier.column == rule.column]
        condition = " AND ".join([f"({closed(rule.when)})", *(f"({closed(text)}) IS NOT TRUE" for text in before)])
        found.append(Cleansing(f"clean {number}", rule.column, condition, rule.why))
    return tuple(found)


def rejections(where: str | None, rejects: tuple[RejectRule, ...]) -> tuple[Reject, ...]:
    """Each rule with the rows that it is that takes out, of those that ``where`` lets travel."""
    return tuple(
        Reject(f"reject {number}", f"{kept} AND ({closed(rule.when)})" if kept else f"({closed(rule.when)})", rule.why)
        for number, rule in enumerate(rejects, 1)
        for kept in [filtered(where, rejects[: number - 1])]
    )


def filtered(where: str | None, rejects: Iterable[RejectRule]) -> str:
    """The condition of a flow: what ``where`` asks for and no reject takes out."""
    kept = [f"({closed(reject.when)}) IS NOT TRUE" for reject in rejects]
    return " AND ".join([*([f"({closed(where)})"] if where else []), *kept])
