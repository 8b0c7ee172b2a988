"""Types, nulls and keys of a flow: what can be told from the catalogues, and what must be asked of the rows; pure."""

from collections.abc import Iterator, Mapping

from golive.migration.draft import Draft, Given, Origin, place_of
from golive.migration.expressions import lacks
from golive.migration.flow import Flow
from golive.migration.losses import Loss, loss_of
from golive.migration.mapping import Lookup
from golive.migration.objects import Catalogue, Column
from golive.migration.questions import Question
from golive.migration.sql_words import closed
from golive.release.errors import Finding, shown_key


def questions_of(
    draft: Draft, flow: Flow, types: Mapping[str, Column], source: Catalogue, target: Catalogue
) -> tuple[list[Finding], list[Question]]:
    """What is wrong whatever the rows are, and what to ask them."""
    findings, questions = list[Finding](), list[Question]()
    for given in draft.given:
        place, data = place_of(draft, given), {"name": shown_key(given.target.name)}
        expression = f"({closed(given.expression)})"
        if given.target.not_null and not _never_null(given):
            questions.append(Question(place, "mapping.null", flow.relation, flow.where, f"{expression} IS NULL", data))
        if given.origin is Origin.EXPRESSION and given.plain is None:
            # No row has more nulls than values, but to know that the server must compute every one of them.
            computed = f"num_nulls({expression}::{given.wire or 'text'}) > 1"
            questions.append(Question(place, "mapping.value_refused", flow.relation, flow.where, computed, data))
        for loss in _losses(given, types, source, target):
            if loss.silent and given.target.name in draft.spec.accept:
                continue
            told = {**data, "of": types[given.target.name].type, "to": given.target.type}
            if loss.condition is None:
                findings.append(Finding(place, f"mapping.{loss.key}", told, at_key=True))
                continue
            condition = loss.condition.format(x=expression)
            questions.append(Question(place, f"mapping.{loss.key}", flow.relation, flow.where, condition, told))
    return findings, [*questions, *_keys(draft, flow)]


def _losses(given: Given, types: Mapping[str, Column], source: Catalogue, target: Catalogue) -> tuple[Loss, ...]:
    found = types.get(given.target.name)
    if found is None or given.expression.strip().upper() == "NULL":
        return ()
    return loss_of(found, given.target, source, target)


def _never_null(given: Given) -> bool:
    return given.origin is Origin.CONSTANT or (given.source is not None and given.source.not_null)


def lookup_questions(draft: Draft, flow: Flow, lookups: Mapping[str, Lookup]) -> Iterator[Question]:
    """Keys that a lookup lacks, where the mapping says to refuse them."""
    for column, use in draft.spec.lookups.items():
        if use.missing == "refuse":
            place = ("tables", draft.path, "lookups", column)
            data = {"name": shown_key(column), "lookup": use.lookup}
            cleansed = [f"({closed(rule.when)}) IS NOT TRUE" for rule in draft.spec.clean if rule.column == column]
            condition = " AND ".join([*cleansed, lacks(use, lookups[use.lookup])])
            yield Question(place, "mapping.lookup_lacks", flow.relation, flow.where, condition, data)


def _keys(draft: Draft, flow: Flow) -> Iterator[Question]:
    """No two rows may have the same key; where the source's own keys do not say so already, the rows are asked."""
    given = {entry.target.name: entry for entry in draft.given}
    plain = {entry.target.name: entry.plain for entry in draft.given if entry.source is not None}
    unique = [set(key) for key in draft.source.keys] if draft.source and not draft.spec.split else []
    declared = (draft.spec.key,) if draft.spec.key else ()
    for key in dict.fromkeys((*declared, *_unique(draft))):
        if not set(key) <= given.keys() or any(own <= {plain.get(name) for name in key} for own in unique):
            continue
        grouped = tuple(f"({closed(given[name].expression)})::{given[name].wire or 'text'}" for name in key)
        filled = " AND ".join(f"{text} IS NOT NULL" for text in grouped)
        data = {"name": ", ".join(shown_key(name) for name in key)}
        place = ("tables", draft.path)
        yield Question(place, "mapping.key_twice", flow.relation, flow.where, filled, data, grouped)


def _unique(draft: Draft) -> Iterator[tuple[str, ...]]:
    for index in draft.target.indexes:
        if index.unique and index.valid and not index.partial and index.columns:
            yield index.columns
