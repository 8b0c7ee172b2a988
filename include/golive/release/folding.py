"""Folds the events of a YAML parser into a document, with a stack of its own.

Depth is counted before a level is entered, no alias is followed and nothing recurses, so that neither depth nor
an anchor bomb costs anything.
"""

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from golive.release.document import Document, Mark, stop
from golive.release.errors import Finding, ManifestInvalid, Path, shown
from golive.release.scalars import NotUsable, resolve

MAXIMUM_DEPTH = 32
MAXIMUM_VALUES = 10_000
"""Far beyond any real release; bounds the time that a hostile file can take."""

_HALF = re.compile("[\ud800-\udfff]")


@dataclass
class _Open:
    """A collection that is being filled; ``key`` is the mapping key that waits for its value."""

    path: Path
    value: dict[str, Any] | list[Any]
    key: str | None = None


class Folder:
    """Takes events one by one; ``document`` is complete when they end."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mark = Mark()
        self._open: list[_Open] = []
        self._documents = 0
        self._count = 0

    def take(self, event: Event) -> None:
        """Raises ``ManifestInvalid`` for what makes the rest unreadable; notes everything else."""
        if event.start_mark is not None:
            self.mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._open.pop()
        elif isinstance(event, NodeEvent):
            self._node(event)

    def _begin(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._fatal("several_documents")
        if event.version or event.tags:
            raise self._fatal("directive")

    def _node(self, event: NodeEvent) -> None:
        self._count += 1
        if self._count > MAXIMUM_VALUES:
            raise self._fatal("too_many_values", maximum=MAXIMUM_VALUES)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, top.value, event)
        else:
            self._value(top, event)

    def _key(self, top: _Open, mapping: dict[str, Any], event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent):
            raise self._fatal("key_not_scalar")
        top.key = _HALF.sub("\ufffd", _whole(event.value))
        path = (*top.path, top.key)
        self._refuse_decoration(path, event)
        if not isinstance(self._scalar(path, event), str):
            self._note(path, "key_not_text", written=shown(event.value))
        if top.key in mapping:
            self._note(path, "duplicate_key", first=self.document.keys[path].line)
        self.document.keys[path] = self.mark

    def _value(self, top: _Open | None, event: NodeEvent) -> None:
        path = self._place(top)
        self._refuse_decoration(path, event)
        value = self._made(path, event)
        written = event.value if isinstance(event, ScalarEvent) and not event.style else None
        self.document.values[path] = Mark(self.mark.line, self.mark.column, written)
        self._put(top, value)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self._open) == MAXIMUM_DEPTH:
                raise self._fatal("too_deep", maximum=MAXIMUM_DEPTH)
            self._open.append(_Open(path, value))

    def _place(self, top: _Open | None) -> Path:
        if top is None:
            return ()
        return (*top.path, len(top.value) if isinstance(top.value, list) else str(top.key))

    def _put(self, top: _Open | None, value: Any) -> None:
        if top is None:
            self.document.value = value
        elif isinstance(top.value, list):
            top.value.append(value)
        else:
            # The last of two equal keys stays, so that what it says is checked as well as the repetition itself.
            top.value[str(top.key)] = value
            top.key = None

    def _made(self, path: Path, event: NodeEvent) -> Any:
        if isinstance(event, MappingStartEvent):
            return {}
        if isinstance(event, SequenceStartEvent):
            return []
        return self._scalar(path, event) if isinstance(event, ScalarEvent) else None

    def _scalar(self, path: Path, event: ScalarEvent) -> Any:
        text = _whole(event.value)
        if _HALF.search(text):
            self._note(path, "half_character")
            return ""
        try:
            return text if event.style else resolve(text)
        except NotUsable:
            self._note(path, "number_not_usable", written=shown(event.value))
            return None

    def _refuse_decoration(self, path: Path, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            self._note(path, "alias", name=shown(event.anchor))
        elif event.anchor:
            self._note(path, "anchor", name=shown(event.anchor))
        if (tag := getattr(event, "ctag", None)) is not None:
            self._note(path, "tag", tag=shown(str(tag)))

    def _note(self, path: Path, key: str, **data: Any) -> None:
        self.document.findings.append((Finding(path, key, data), self.mark))

    def _fatal(self, key: str, **data: Any) -> ManifestInvalid:
        return stop(self.document.source, key, self.mark, **data)


def _whole(text: str) -> str:
    """Joins the halves of characters, which JSON writes as pairs of escapes; a lone half stays."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
