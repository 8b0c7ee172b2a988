"""The one place where text becomes part of a command: every value is one quoted word of POSIX sh."""

import re
import shlex
from collections.abc import Iterable

from golive.hosts.errors import WordRefused

_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_][a-z0-9_]*)\}")
Words = str | int | Iterable[str | int]


def sh(template: str, **words: Words) -> str:
    """``template`` with each ``{name}`` as one quoted word, or as several where the value is a list.

    ``${name}`` is the shell's own and stays. A leading ``-`` is the template's care (``--``, or ``path``).
    Raises ``KeyError`` for a name without a value or a value without its name, ``WordRefused`` for a NUL.
    """
    named = set(_PLACEHOLDER.findall(template))
    if named != set(words):
        raise KeyError(*sorted(named ^ set(words)))
    return _PLACEHOLDER.sub(lambda match: _quoted(words[match[1]]), template)


def path(text: str) -> str:
    """``text`` as a path that no command takes for an option: ``./`` is put before what is not absolute."""
    if not text:
        raise WordRefused(word=repr(text), cause="an empty path")
    return text if text.startswith(("/", "./", "../")) else f"./{text}"


def _quoted(value: Words) -> str:
    if isinstance(value, str | int):
        return _word(value)
    return " ".join(_word(item) for item in value)


def _word(value: str | int) -> str:
    text = str(value)
    if "\0" in text:
        raise WordRefused(word=repr(text), cause="a NUL")
    return shlex.quote(text)
