"""A mapping file, read: its value, and where in it everything stands."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from golive.migration.errors import MappingInvalid
from golive.migration.mapping import DataMapping
from golive.release.document import Document
from golive.release.errors import Finding, ManifestInvalid, Problem
from golive.release.parsing import parse, restore
from golive.release.yaml import read, read_file


@dataclass(frozen=True)
class MappingFile:
    mapping: DataMapping = field(default_factory=DataMapping)
    document: Document = field(default_factory=lambda: Document("mapping"))

    def problems(self, findings: Iterable[Finding]) -> tuple[Problem, ...]:
        """Findings with their places, in the order of the file, each once."""
        placed = {problem.message("en"): problem for problem in map(self._place, findings)}
        return tuple(sorted(placed.values(), key=lambda problem: (problem.line, problem.column, problem.path)))

    def _place(self, finding: Finding) -> Problem:
        if self.document.value is None:
            return Problem(self.document.source, 0, 0, finding)
        return self.document.locate(finding)


def load_mapping(path: Path) -> MappingFile:
    """The mapping in a file. Raises ``MappingInvalid`` with every problem of its shape."""
    try:
        return parse_mapping(read_file(path), str(path))
    except ManifestInvalid as error:
        raise MappingInvalid(problems=error.problems) from error


def parse_mapping(content: str | bytes, source: str) -> MappingFile:
    """The mapping in a YAML text; ``source`` names it in problems. Raises ``MappingInvalid``."""
    try:
        return MappingFile(parse(DataMapping, content, source, (), ()), read(content, source))
    except ManifestInvalid as error:
        raise MappingInvalid(problems=error.problems) from error


def mapping_from_data(data: object) -> DataMapping:
    """The inverse of ``DataMapping.as_data``. Raises ``MappingInvalid``."""
    try:
        return restore(DataMapping, data, "mapping")
    except ManifestInvalid as error:
        raise MappingInvalid(problems=error.problems) from error
