"""Names that must exist: a table of where a document refers to what, checked over its raw values."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from golive.release.errors import Finding, Path, shown_key
from golive.release.names import best


@dataclass(frozen=True)
class Reference:
    """Every value at ``where`` is one of the values at ``names``; ``*`` stands for each key or item.

    A last ``.`` in ``names`` means the keys themselves. ``key`` is the text for a name that does not exist.
    """

    where: tuple[str, ...]
    names: tuple[str, ...]
    key: str


PEOPLE = ("people", ".")
ROLES = ("people", "*", "roles", "*")
COMPONENTS = ("components", ".")
PATH = ("path", "*")
HOSTS = ("hosts", ".")

MANIFEST_REFERENCES = (
    Reference(("drafter",), PEOPLE, "unknown_person"),
    Reference(("people", "*", "party"), ("parties", "."), "unknown_party"),
    Reference(("changes", "*", "requester"), PEOPLE, "unknown_person"),
    Reference(("changes", "*", "owner"), PEOPLE, "unknown_person"),
    Reference(("changes", "*", "services", "*"), COMPONENTS, "unknown_component"),
    Reference(("training", "*", "owner"), PEOPLE, "unknown_person"),
    Reference(("readiness", "*", "owner"), PEOPLE, "unknown_person"),
    Reference(("rollback", "owner"), PEOPLE, "unknown_person"),
    Reference(("approvals", "*", "environments", "*"), PATH, "not_on_path"),
    Reference(("approvals", "*", "steps", "*", "role"), ROLES, "role_of_nobody"),
    Reference(("hypercare", "escalation", "*", "role"), ROLES, "role_of_nobody"),
    Reference(("hypercare", "roster", "*", "role"), ROLES, "role_of_nobody"),
    Reference(("hypercare", "roster", "*", "people", "*"), PEOPLE, "unknown_person"),
    Reference(("hypercare", "giver"), ROLES, "role_of_nobody"),
    Reference(("hypercare", "receiver"), ROLES, "role_of_nobody"),
    Reference(("windows", "*", "environment"), PATH, "not_on_path"),
)

ENVIRONMENT_REFERENCES = (
    Reference(("databases", "*", "host"), HOSTS, "unknown_host"),
    Reference(("balancers", "*", "host"), HOSTS, "unknown_host"),
    Reference(("certificates", "*", "host"), HOSTS, "unknown_host"),
)


def dangling(data: dict[str, Any], references: Iterable[Reference]) -> list[Finding]:
    """A finding for each name that does not exist. What has the wrong shape is passed over: others report it."""
    return [found for reference in references for found in _dangling(data, reference)]


def _dangling(data: dict[str, Any], reference: Reference) -> Iterator[Finding]:
    if not isinstance(data.get(reference.names[0]), dict | list):
        return
    names = {value for _, value in _at(data, reference.names) if isinstance(value, str)}
    for path, value in _at(data, reference.where):
        if isinstance(value, str) and value not in names:
            yield Finding(path, reference.key, {"name": shown_key(value), "known": listed(names)}, best(value, names))


def _at(value: Any, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
    elif pattern == (".",):
        yield from (((*path, key), key) for key in value) if isinstance(value, dict) else ()
    elif pattern[0] == "*":
        for key, item in _items(value):
            yield from _at(item, pattern[1:], (*path, key))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _at(value[pattern[0]], pattern[1:], (*path, pattern[0]))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def listed(names: Collection[str]) -> str:
    """At most ten names for a person to choose from."""
    shown = ", ".join(shown_key(name) for name in sorted(names)[:10])
    return shown + ", …" if len(names) > 10 else shown or "-"
