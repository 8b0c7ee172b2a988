"""A strict reader of the safe subset of YAML 1.2: plain values, and the place of each.

Refused: tags, anchors, aliases, directives, a second document, duplicate keys, keys that are not text, control
characters, what is not UTF-8. A byte-order mark at the start is accepted and ignored, since Windows writes it.
"""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from stat import S_ISREG

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event

from golive.release.document import Document, Mark, stop
from golive.release.folding import Folder

MAXIMUM_BYTES = 256 * 1024
"""Fifty times the documented example; a hostile file of this size is refused within seconds."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def read_file(path: FilePath, maximum: int = MAXIMUM_BYTES) -> bytes:
    """The bytes of a regular file of at most ``maximum`` bytes; its size is asked before it is opened."""
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise stop(str(path), "not_a_file")
        if status.st_size > maximum:
            raise stop(str(path), "too_large", size=status.st_size, maximum=maximum)
        return path.read_bytes()
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise stop(str(path), "unreadable", why=why) from cause


def read(content: str | bytes, source: str) -> Document:
    """The document in ``content``.

    What makes it unreadable raises ``ManifestInvalid`` at once; what can be passed over is kept in its
    ``findings``, to be reported together with everything else.
    """
    folder = Folder(Document(source))
    try:
        for event in _events(_text(content, source)):
            folder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(mark.line + 1, mark.column + 1) if mark else folder.mark
        raise stop(source, "syntax", place, why=_said(error)) from error
    except (YAMLError, ValueError, OverflowError) as error:
        raise stop(source, "syntax", folder.mark, why=str(error).partition("\n")[0][:200]) from error
    if folder.document.value is None and not folder.document.findings:
        raise stop(source, "empty")
    return folder.document


def _events(text: str) -> Iterator[Event]:
    parser = YAML(typ="safe", pure=True)
    parser.version = (1, 2)
    yield from parser.parse(text)


def _text(content: str | bytes, source: str) -> str:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if len(raw) > MAXIMUM_BYTES:
        raise stop(source, "too_large", size=len(raw), maximum=MAXIMUM_BYTES)
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place(raw[: error.start].decode("utf-8"))
        raise stop(source, "not_utf8", place, byte=f"0x{raw[error.start]:02x}") from error
    if found := _CONTROL.search(text):
        raise stop(source, "control_character", _place(text[: found.start()]), code=f"U+{ord(found[0]):04X}")
    return text


def _place(before: str) -> Mark:
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _said(error: MarkedYAMLError) -> str:
    parts = (str(part).strip() for part in (error.context, error.problem) if part)
    return ", ".join(parts).replace("\n", " ")[:200]
