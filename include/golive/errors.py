"""One error tree. Every error carries data and knows what to say in each language.

    GoliveError                exit 1   a defect of ours: report it
    ├── InputError             exit 2   what was given cannot be used; nothing changed
    ├── RefusedError           exit 3   not allowed now, by the ledger's word; nothing changed
    ├── TargetError            exit 4   a host, database or service did not do what was asked
    ├── LedgerError            exit 5   the record cannot be read, written or trusted
    ├── StackError             exit 6   the embedded stack cannot start or stop
    └── DeliveryError          exit 7   a message could not be delivered; it is kept

Leaves live beside what raises them (``hosts/errors.py``, ``ledger/errors.py``, …). A leaf names its
catalogue key in ``key``; its data fills the text's placeholders in ``texts/en`` and ``texts/ko``.
"""

from typing import Any, ClassVar

from golive.texts import text


class GoliveError(Exception):
    """Root of the tree. ``data`` holds the facts; ``message(locale)`` says what happened and what to do."""

    exit_code: ClassVar[int] = 1
    key: ClassVar[str] = "error.internal"

    def __init__(self, **data: Any) -> None:
        self.data = data
        super().__init__(self.message("en"))

    def message(self, locale: str) -> str:
        """The text for a person, in ``locale`` (``ko`` or ``en``)."""
        return text(self.key, locale, **self.data)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.data))


def _rebuild(kind: type[GoliveError], data: dict[str, Any]) -> GoliveError:
    return kind(**data)


class InputError(GoliveError):
    exit_code = 2
    key = "error.input"


class RefusedError(GoliveError):
    exit_code = 3
    key = "error.refused"


class TargetError(GoliveError):
    exit_code = 4
    key = "error.target"


class LedgerError(GoliveError):
    exit_code = 5
    key = "error.ledger"


class StackError(GoliveError):
    exit_code = 6
    key = "error.stack"


class DeliveryError(GoliveError):
    exit_code = 7
    key = "error.delivery"
