"""What an unquoted word means: the core schema of YAML 1.2, so ``no`` is text, ``012`` is 12, ``1e3`` a number."""

import math
import re

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())}
_NULLS = ("", "~", "null", "Null", "NULL")
_MAXIMUM_DIGITS = 18

Scalar = str | int | float | bool | None


class NotUsable(ValueError):
    """A number without a finite value or with more digits than any field takes."""


def resolve(written: str) -> Scalar:
    """The value of an unquoted scalar. Raises ``NotUsable``."""
    if written in _NULLS:
        return None
    if written in _WORDS:
        return _WORDS[written]
    if _NOT_FINITE.fullmatch(written):
        raise NotUsable
    if _INTEGER.fullmatch(written):
        return int(_short(written))
    if other := _OTHER_BASE.fullmatch(written):
        return int(_short(other[1]), 8) if other[1] else int(_short(other[2]), 16)
    if _FLOAT.fullmatch(written):
        return _finite(float(written))
    return written


def _short(digits: str) -> str:
    if len(digits) > _MAXIMUM_DIGITS:
        raise NotUsable
    return digits


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise NotUsable
    return number
