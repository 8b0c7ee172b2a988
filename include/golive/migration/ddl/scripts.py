"""Scripts as values, read from their files' texts; pure.

``0007_add_grade.up.sql`` and ``0007_add_grade.down.sql``. The first comment lines may hold directives:

    -- golive: no transaction
    -- golive: done when SELECT …              (needed with it: decides after a kill)
    -- golive: irreversible because …          (in place of a down file)
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from golive.canonical import Digest, digest
from golive.migration.errors import ScriptsInvalid

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.(?P<direction>up|down)\.sql")
_DIRECTIVE = re.compile(r"--\s*golive:\s*(?P<word>no transaction|done when|irreversible because)\b\s*(?P<rest>.*)")


@dataclass(frozen=True)
class Script:
    """One step of a schema. ``down`` is empty for what cannot be undone, and then ``irreversible`` says why."""

    number: int
    name: str
    up: str
    down: str
    transactional: bool = True
    done_when: str = ""
    irreversible: str = ""

    @property
    def checksum(self) -> Digest:
        return digest({"up": self.up, "down": self.down})

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


def read_scripts(files: Mapping[str, str]) -> tuple[Script, ...]:
    """The scripts in ``files`` (path → text), in order. Raises ``ScriptsInvalid`` with every problem."""
    problems: list[str] = []
    halves: dict[tuple[int, str], dict[str, str]] = {}
    for path, content in sorted(files.items()):
        match = _FILE.fullmatch(PurePosixPath(path).name)
        if match is None:
            problems.append(f"{path}: not NNNN_name.up.sql or NNNN_name.down.sql")
        else:
            halves.setdefault((int(match["number"]), match["name"]), {})[match["direction"]] = content
    scripts = [_script(number, name, pair, problems) for (number, name), pair in sorted(halves.items())]
    problems += _numbering(scripts)
    if problems:
        raise ScriptsInvalid(problems="\n".join(problems), count=len(problems))
    return tuple(scripts)


def _script(number: int, name: str, pair: Mapping[str, str], problems: list[str]) -> Script:
    up = pair.get("up", "")
    words = _directives(up)
    script = Script(
        number,
        name,
        up,
        pair.get("down", ""),
        "no transaction" not in words,
        words.get("done when", ""),
        words.get("irreversible because", ""),
    )
    problems += [f"{script}: {why}" for why in _faults(script)]
    return script


def _directives(content: str) -> dict[str, str]:
    """Only the comment lines at the top count: a word in the middle of a script is no directive."""
    found = {}
    for line in content.splitlines():
        if line.strip() and not line.lstrip().startswith("--"):
            break
        if match := _DIRECTIVE.match(line.strip()):
            found[match["word"]] = match["rest"].strip().rstrip(";")
    return found


def _faults(script: Script) -> Iterable[str]:
    if not script.up.strip():
        yield "no .up.sql"
    if not script.down.strip() and not script.irreversible:
        yield "no .down.sql, and no '-- golive: irreversible because …'"
    if script.down.strip() and script.irreversible:
        yield "irreversible, yet with a .down.sql"
    if not script.transactional and not script.done_when:
        yield "'no transaction' needs '-- golive: done when SELECT …'"
    if script.transactional and script.done_when:
        yield "'done when' is only for 'no transaction'"


def _numbering(scripts: list[Script]) -> Iterable[str]:
    numbers = [script.number for script in scripts]
    for expected, script in enumerate(scripts, start=numbers[0] if numbers else 1):
        if script.number != expected:
            yield f"{script}: number {expected:04d} is missing or there twice"
            return
