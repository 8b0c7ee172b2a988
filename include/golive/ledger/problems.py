"""What verification can find, as values."""

from dataclasses import dataclass
from enum import StrEnum

from golive.texts import text


class What(StrEnum):
    """The kinds of problem; the values are stable and appear in ``--json`` output."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    FORGED_SIGNATURE = "forged signature"
    UNKNOWN_KEY = "unknown key"
    BATCH_CHANGED = "batch changed"
    BATCH_REMOVED = "batch removed"
    HEAD_MISSING = "head missing"
    HEAD_UNREADABLE = "head unreadable"
    EVIDENCE_CHANGED = "evidence changed"
    EVIDENCE_REMOVED = "evidence removed"
    FILE_CHANGED = "file changed"


@dataclass(frozen=True, order=True)
class Problem:
    """One finding. ``sequence`` is the event it is about, or the first of them; 0 when it is about none."""

    stream: str
    sequence: int
    what: What
    detail: str = ""

    def message(self, locale: str) -> str:
        """The finding for a person, in ``locale``."""
        key = f"ledger.problem_{self.what.value.replace(' ', '_')}"
        return text(key, locale, stream=self.stream, sequence=self.sequence, detail=self.detail)
