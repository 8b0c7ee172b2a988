"""A document becomes a model, or all of its problems at once.

Three kinds of checks run over the same document, so that nobody repairs a file in rounds: the shape (pydantic),
the names that must exist (a table of references, over the raw values), and the rules between sections (over those
sections whose shape is right).
"""

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import Field, ValidationError, create_model

from golive.canonical import canonical
from golive.release.base import Model
from golive.release.document import Document, Mark
from golive.release.errors import Finding, ManifestInvalid, Path, Problem, shown_key
from golive.release.references import Reference, dangling
from golive.release.translation import finding_of
from golive.release.yaml import read

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Rule(Generic[M]):
    """What must hold between sections; ``check`` runs when the shape of all of ``sections`` is right."""

    sections: tuple[str, ...]
    check: Callable[[M], Iterable[Finding]]


def parse(
    model: type[M], content: str | bytes, source: str, references: Iterable[Reference], rules: Iterable[Rule[M]]
) -> M:
    """The model in a YAML text. Raises ``ManifestInvalid`` with every problem, in the order of the file."""
    document = read(content, source)
    value, findings = _checked(model, document.value, references, rules)
    problems = [document.place(finding, mark) for finding, mark in document.findings]
    noted = [finding.path for finding, _ in document.findings]
    problems += [document.locate(_with_written(found, document)) for found in findings if not _within(found, noted)]
    if problems or value is None:
        raise ManifestInvalid(problems=_in_order(problems))
    return value


def restore(model: type[M], data: Any, source: str) -> M:
    """The model in what ``as_data`` gave. Raises ``ManifestInvalid``; the shape alone is checked."""
    try:
        return model.model_validate_json(canonical(data))
    except ValidationError as error:
        findings = (finding_of(model, item) for item in error.errors())
        raise ManifestInvalid(problems=tuple(Problem(source, 0, 0, found) for found in findings)) from error


def _checked(
    model: type[M], data: Any, references: Iterable[Reference], rules: Iterable[Rule[M]]
) -> tuple[M | None, list[Finding]]:
    value, findings = _shape(model, data)
    if not isinstance(data, dict):
        return value, findings
    findings += dangling(data, references)
    view, broken = (value, set[str]()) if value is not None else _sound_part(model, data, findings)
    for rule in rules:
        if broken.isdisjoint(rule.sections):
            findings += rule.check(view)
    return value, findings


def _shape(model: type[M], data: Any) -> tuple[M | None, list[Finding]]:
    try:
        return model.model_validate_json(_json(data)), []
    except ValidationError as error:
        findings = [finding_of(model, item) for item in error.errors()]
        return None, [found for found in findings if not _counts_spoiled_items(found, findings)]


def _counts_spoiled_items(finding: Finding, findings: Iterable[Finding]) -> bool:
    """Whether a list only seems too short because pydantic counts its items after dropping the wrong ones."""
    length = len(finding.path)
    inside = (other.path[:length] == finding.path and len(other.path) > length for other in findings)
    return finding.key == "too_few" and any(inside)


def _sound_part(model: type[M], data: dict[str, Any], findings: list[Finding]) -> tuple[M, set[str]]:
    """The sections whose shape is right, as a value whose other sections are absent; and the others' names."""
    known = _without_unknown_keys(data, findings)
    broken = {str(found.path[0]) for found in _shape(model, known)[1] if found.path}
    sound = {key: item for key, item in known.items() if key not in broken}
    return _partial(model).model_validate_json(_json(sound)), broken


@cache
def _partial(model: type[M]) -> type[M]:
    """The model with every section optional."""
    fields: dict[str, Any] = {
        name: (field.annotation, Field(default=None, alias=field.alias))
        for name, field in model.model_fields.items()
        if field.is_required()
    }
    return create_model(f"Partial{model.__name__}", __base__=model, **fields)


def _without_unknown_keys(data: dict[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """A copy without the keys that are not known, so that one stray key does not hide what its section says."""
    copy = deepcopy(data)
    for finding in findings:
        if finding.key == "unknown_key":
            inside: Any = copy
            for part in finding.path[:-1]:
                inside = inside[part]
            inside.pop(finding.path[-1], None)
    return copy


def _json(data: Any) -> bytes:
    return json.dumps(data, allow_nan=False).encode()


def _within(finding: Finding, noted: Iterable[Path]) -> bool:
    """Whether the reader already complained about this value or one around it."""
    return any(finding.path[: len(path)] == path for path in noted if path)


def _with_written(finding: Finding, document: Document) -> Finding:
    """Show an unquoted value as it was written: ``2.0`` and ``012``, not what they became."""
    mark = document.values.get(finding.path, Mark())
    if mark.written is None or "value" not in finding.data:
        return finding
    return replace(finding, data={**finding.data, "value": shown_key(mark.written)})


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.path)))
