"""What pydantic found, in words of our own: a key of the catalogue, its facts, and the nearest known name."""

from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from golive.release.base import Model
from golive.release.errors import Finding, Path, shown, shown_key
from golive.release.names import best
from golive.release.references import listed
from golive.release.shapes import HINTS
from golive.texts import catalogue

_KEYS = {
    "missing": "missing",
    "string_type": "needs_text",
    "int_type": "needs_integer",
    "int_from_float": "needs_integer",
    "bool_type": "needs_boolean",
    "tuple_type": "needs_list",
    "dict_type": "needs_mapping",
    "mapping_type": "needs_mapping",
    "model_type": "needs_mapping",
    "model_attributes_type": "needs_mapping",
    "literal_error": "not_a_choice",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_few",
    "too_long": "too_many",
    "greater_than_equal": "below_minimum",
    "less_than_equal": "above_maximum",
}


def finding_of(model: type[Model], error: ErrorDetails) -> Finding:
    """One of pydantic's errors as a finding."""
    path: Path = tuple(error["loc"])
    at_key = bool(path) and path[-1] == "[key]"
    path = path[:-1] if at_key else path
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _node(_schema(model), path[:-1]).get("properties", {})
        return Finding(path, "unknown_key", {"known": listed(known)}, best(str(path[-1]), known), at_key=True)
    facts = {name: shown_key(str(value)) for name, value in error.get("ctx", {}).items()}
    facts["value"] = shown(error["input"]) if isinstance(error["input"], str | int | float | bool) else ""
    if kind == "string_pattern_mismatch":
        hint = HINTS.get(error["ctx"]["pattern"], "shape_other")
        return Finding(path, hint, facts, at_key=at_key)
    if kind == "literal_error":
        return _choice(model, path, error["input"], facts)
    key = _KEYS.get(kind, kind if f"release.{kind}" in catalogue("en") else "unusable")
    return Finding(path, key, {**facts, "why": error["msg"]}, at_key=at_key)


def _choice(model: type[Model], path: Path, given: Any, facts: dict[str, Any]) -> Finding:
    node = _node(_schema(model), path)
    choices = [str(choice) for choice in node.get("enum", [node.get("const", "")])]
    suggestion = best(given, choices) if isinstance(given, str) else None
    return Finding(path, "not_a_choice", {**facts, "choices": ", ".join(choices)}, suggestion)


@cache
def _schema(model: type[Model]) -> dict[str, Any]:
    return model.model_json_schema()


def _node(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    """The part of a JSON schema that describes the value at ``path``; empty where it describes none."""
    node: dict[str, Any] = schema
    for part in (None, *path):
        if part is not None:
            node = _child(node, part)
        while reference := node.get("$ref"):
            node = schema["$defs"][reference.rpartition("/")[2]]
    return node


def _child(node: dict[str, Any], part: str | int) -> dict[str, Any]:
    if part in node.get("properties", {}):
        child: dict[str, Any] = node["properties"][part]
        return child
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            inner: dict[str, Any] = node[key]
            return inner
    return next(iter(node.get("patternProperties", {}).values()), {})
