"""One canonical form and one digest for everything that is signed, compared or addressed by content."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

Digest = str
"""``sha256:`` and 64 lower-case hexadecimal digits."""


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces. Floats are refused: their text differs between writers."""
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> Digest:
    """The digest of a value's canonical form."""
    return digest_bytes(canonical(value))


def digest_bytes(content: bytes | Iterable[bytes]) -> Digest:
    """The digest of bytes, or of a stream of chunks in flat memory."""
    running = hashlib.sha256()
    for chunk in (content,) if isinstance(content, bytes) else content:
        running.update(chunk)
    return "sha256:" + running.hexdigest()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"no float in a canonical form: {value!r}; use an integer in a smaller unit or text")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
