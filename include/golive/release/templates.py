"""Configuration templates: ``@name@`` is a placeholder, ``@@`` the character itself, and there is nothing else.

No expression, no loop, no include: a value is put in as it is and can never become more template.
"""

import re
from collections.abc import Iterator, Mapping

from golive.release.errors import Finding, TemplateInvalid

_TOKEN = re.compile(r"@(?:(?P<literal>@)|(?P<name>[a-z][a-z0-9_-]*)@)?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def placeholders(template: str, source: str = "-") -> dict[str, int]:
    """The names in a template, each with the line (from 1) where it first stands. Raises ``TemplateInvalid``."""
    lines: dict[str, int] = {}
    for token in _tokens(template, source):
        if name := token["name"]:
            lines.setdefault(name, _line(template, token))
    return lines


def render(template: str, values: Mapping[str, str], source: str = "-") -> str:
    """The template with its placeholders filled; ``source`` names it in errors.

    Raises ``TemplateInvalid`` for a name without a value, a value without a place, a lone ``@``, and a value with
    a line break or another control character, which would add lines to the file. No message shows a value.
    """
    names = placeholders(template, source).keys()
    for name in sorted(names - values.keys()):
        raise _invalid(source, "placeholder_unknown", name=name)
    for name in sorted(values.keys() - names):
        raise _invalid(source, "placeholder_unused", name=name)
    for name in sorted(names):
        if _CONTROL.search(values[name]):
            raise _invalid(source, "placeholder_control", name=name)
    return _TOKEN.sub(lambda token: "@" if token["literal"] else values[token["name"]], template)


def _tokens(template: str, source: str) -> Iterator[re.Match[str]]:
    for token in _TOKEN.finditer(template):
        if token[0] == "@":
            raise _invalid(source, "placeholder_lone", line=_line(template, token))
        yield token


def _line(template: str, token: re.Match[str]) -> int:
    return template.count("\n", 0, token.start()) + 1


def _invalid(source: str, key: str, **data: str | int) -> TemplateInvalid:
    return TemplateInvalid(source=source, problem=Finding((), key, data))
