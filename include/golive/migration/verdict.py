"""What a verification says, as values. They hold no value of a personal column: keys are shown as ``privacy`` shows
them."""

from dataclasses import dataclass
from enum import StrEnum


class Difference(StrEnum):
    """How a row differs, seen from the target."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


class Flaw(StrEnum):
    """What can be wrong with the target beyond its rows."""

    SEQUENCE_BEHIND = "sequence_behind"
    CONSTRAINT_NOT_VALID = "constraint_not_valid"
    CONSTRAINT_MISSING = "constraint_missing"
    INDEX_NOT_VALID = "index_not_valid"
    INDEX_MISSING = "index_missing"
    TRIGGER_MISSING = "trigger_missing"
    ORPHANS = "orphans"


@dataclass(frozen=True)
class RowDifference:
    """``key`` as it may be shown; ``columns`` are those whose values differ, named only for a DIFFERENT row."""

    kind: Difference
    key: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowVerdict:
    """One flow. The counts are exact; ``samples`` are at most ``verify.SAMPLES``. ``unexplained``: the sums differed
    and no row was found that does, which is no proof of anything and so not equal."""

    flow: str
    target: str
    source_rows: int
    target_rows: int
    missing: int
    extra: int
    different: int
    samples: tuple[RowDifference, ...] = ()
    seconds: float = 0.0
    unexplained: bool = False

    @property
    def count(self) -> int:
        """Rows that are not the same on both sides."""
        return self.missing + self.extra + self.different

    @property
    def equal(self) -> bool:
        return self.count == 0 and self.source_rows == self.target_rows and not self.unexplained


@dataclass(frozen=True)
class ObjectFlaw:
    """``count`` rows or steps, where there is something to count: orphans, values by which a sequence lags."""

    flaw: Flaw
    table: str
    name: str
    count: int = 0


@dataclass(frozen=True)
class Verification:
    """``snapshot`` is the source's, as exported, in which its rows were read."""

    flows: tuple[FlowVerdict, ...]
    flaws: tuple[ObjectFlaw, ...] = ()
    snapshot: str = ""

    @property
    def equal(self) -> bool:
        """Whether the target is the source, row by row, and its objects hold. Nothing compared is not equal."""
        return bool(self.flows) and not self.flaws and all(flow.equal for flow in self.flows)

    @property
    def count(self) -> int:
        return sum(flow.count for flow in self.flows)
