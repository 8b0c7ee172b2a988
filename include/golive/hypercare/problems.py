"""Problem records: incidents with one cause, and what is known of it. A view over the record."""

from collections.abc import Iterable
from dataclasses import dataclass

from golive.hypercare.incident import Incident


@dataclass(frozen=True)
class Problem:
    """``name``: as people named it when they explained an incident, else the cause itself. ``open``: an incident still
    is, or has no root cause yet."""

    name: str
    incidents: tuple[str, ...]
    root_causes: tuple[str, ...]
    preventions: tuple[str, ...]
    open: bool


def problems(incidents: Iterable[Incident]) -> tuple[Problem, ...]:
    """In the order in which they first appeared. An unexplained incident belongs to the problem that its cause had
    last, so that what comes back is seen as the same."""
    known: dict[str, str] = {}
    groups: dict[str, list[Incident]] = {}
    for incident in incidents:
        name = incident.problem or known.get(incident.cause, incident.cause)
        if incident.problem:
            known[incident.cause] = incident.problem
        groups.setdefault(name, []).append(incident)
    return tuple(_problem(name, group) for name, group in groups.items())


def _problem(name: str, group: list[Incident]) -> Problem:
    causes = dict.fromkeys(item.root_cause for item in group if item.root_cause)
    preventions = dict.fromkeys(item.prevention for item in group if item.prevention)
    unsolved = any(item.is_open or not item.root_cause for item in group)
    return Problem(name, tuple(item.incident for item in group), tuple(causes), tuple(preventions), unsolved)
