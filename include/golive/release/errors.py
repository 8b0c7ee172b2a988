"""What can be wrong with a file that describes a release or an environment.

    InputError
    ├── ManifestInvalid   every problem of a manifest or environment file, each with its place
    ├── TemplateInvalid   a template and its values do not fit
    └── FilesMismatch     the files given for a manifest are not those that it names

A ``Finding`` is what is wrong, a ``Problem`` a finding with its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from golive.errors import InputError
from golive.texts import text

_SHOWN = 100

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the root."""


@dataclass(frozen=True)
class Finding:
    """Something wrong at ``path``: a text of ``texts/*/release.toml`` by its ``key``, with its facts.

    A key with a dot names its area too: ``mapping.unknown_table``.
    """

    path: Path
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    suggestion: str | None = None
    at_key: bool = False


@dataclass(frozen=True)
class Problem:
    """A finding with its place. ``line`` and ``column`` count from 1; 0 when the value came from no file."""

    file: str
    line: int
    column: int
    finding: Finding

    @property
    def path(self) -> str:
        """``components.api.artifact.digest`` or ``changes[0].owner``; empty for the document itself."""
        return dotted(self.finding.path)

    def message(self, locale: str) -> str:
        """One line for a person: ``file:line:column: path: what is wrong``."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        key = self.finding.key if "." in self.finding.key else f"release.{self.finding.key}"
        said = text(key, locale, **self.finding.data)
        if self.finding.suggestion is not None:
            said += " " + text("release.did_you_mean", locale, name=self.finding.suggestion)
        return ": ".join(part for part in (place, self.path, said) if part)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``: place, path, key, the text in English and the suggestion."""
        where = {"file": self.file, "line": self.line, "column": self.column, "path": self.path}
        return {**where, "key": self.finding.key, "message": self.message("en"), "suggestion": self.finding.suggestion}


class ManifestInvalid(InputError):
    """``problems``: a tuple of ``Problem``, in the order of the file."""

    key = "release.invalid"

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self.data["problems"])

    def message(self, locale: str) -> str:
        head = text(self.key, locale, count=len(self.problems))
        lines = [problem.message(locale) for problem in self.problems[:_SHOWN]]
        rest = len(self.problems) - len(lines)
        return "\n".join([head, *lines, *([text("release.more", locale, count=rest)] if rest else [])])


class TemplateInvalid(InputError):
    """``source``: the template's name; ``problem``: a ``Finding`` without a path."""

    key = "release.template_invalid"

    def message(self, locale: str) -> str:
        finding = self.data["problem"]
        why = text(f"release.{finding.key}", locale, **finding.data)
        return text(self.key, locale, source=self.data["source"], why=why)


class FilesMismatch(InputError):
    """``missing``, ``unknown``, ``changed``: names of files, each a comma-separated text."""

    key = "release.files_mismatch"


def dotted(path: Path) -> str:
    """A path as a person writes it; what is not printable is shown escaped."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{shown_key(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def shown_key(key: str) -> str:
    return key if key.isprintable() and len(key) <= 60 else shown(key)


def shown(value: object) -> str:
    """A value as it may be printed: at most 60 characters, no control or direction-changing character."""
    written = repr(value)
    return written if len(written) <= 60 else written[:57] + "..."
