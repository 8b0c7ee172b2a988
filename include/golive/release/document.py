"""A document that was read: its values, and where each of them stands."""

from dataclasses import dataclass, field
from typing import Any

from golive.release.errors import Finding, ManifestInvalid, Path, Problem


@dataclass(frozen=True)
class Mark:
    """A place, counted from 1, and for an unquoted scalar what was written there."""

    line: int = 1
    column: int = 1
    written: str | None = None


@dataclass
class Document:
    """What a file says: ``value`` of dicts, lists and scalars; ``values`` and ``keys`` tell where each stands."""

    source: str
    value: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    findings: list[tuple[Finding, Mark]] = field(default_factory=list)

    def place(self, finding: Finding, mark: Mark) -> Problem:
        return Problem(self.source, mark.line, mark.column, finding)

    def locate(self, finding: Finding) -> Problem:
        """The finding at its value; at its key when the key is what is wrong; else at the nearest key around it."""
        path = finding.path
        marks = (self.keys, self.values) if finding.at_key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            for table in marks if length == len(path) else (self.keys, self.values):
                if found := table.get(path[:length]):
                    return self.place(finding, found)
        return self.place(finding, Mark())


def stop(source: str, key: str, mark: Mark | None = None, **data: Any) -> ManifestInvalid:
    """The error for what makes a whole file unreadable; ``mark`` defaults to its start."""
    place = mark or Mark()
    return ManifestInvalid(problems=(Problem(source, place.line, place.column, Finding((), key, data)),))
