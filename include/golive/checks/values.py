"""What a check says: a verdict. Only an answer that was given, and is right, passes."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from golive.checks.errors import AddressNotInInventory

Address = tuple[str, int]
"""A host, as the inventory writes it, and a port."""

_DETAIL_LIMIT = 300


class Result(StrEnum):
    """INCONCLUSIVE: nothing answered, so nothing is known; it is neither a pass nor proof of a fault."""

    PASS = "pass"  # noqa: S105 -- no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check. ``measured`` is in ``unit`` (``ms``, ``days``, ``""`` for a count), None if unknown.

    ``detail`` is for people, in the language that the check was given.
    """

    name: str
    result: Result
    detail: str
    measured: int | None = None
    unit: str = ""


def allow(host: str, port: int, allowed: Collection[Address]) -> None:
    """Raises ``AddressNotInInventory`` unless exactly this host and port are ``allowed``. Hosts ignore case."""
    if (host.lower(), port) not in {(name.lower(), number) for name, number in allowed}:
        raise AddressNotInInventory(address=shown(f"{host}:{port}"))


def cause(error: BaseException) -> str:
    """What an error says, or its kind when it says nothing."""
    return shown(str(error) or type(error).__name__)


def shown(words: str) -> str:
    """What a target said, in one printable line of at most 300 characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return line if len(line) <= _DETAIL_LIMIT else line[: _DETAIL_LIMIT - 1] + "…"
