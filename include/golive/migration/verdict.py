"""What a verification says, as values. They hold no value of a personal column: keys are shown as ``privacy`` shows
them."""

from dataclasses import dataclass
from enum import StrEnum

from golive.migration.errors import RowsDiffer, TargetFlawed


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
    """``snapshot`` is the source's, as exported, in which its rows were read. ``partial``: only what had changed since
    a whole verification was compared."""

    flows: tuple[FlowVerdict, ...]
    flaws: tuple[ObjectFlaw, ...] = ()
    snapshot: str = ""
    partial: bool = False

    @property
    def equal(self) -> bool:
        """Whether the target is the source, row by row, and its objects hold. Nothing compared proves nothing, but
        for a partial one: nothing had changed."""
        return (self.partial or bool(self.flows)) and not self.flaws and all(flow.equal for flow in self.flows)

    @property
    def count(self) -> int:
        return sum(flow.count for flow in self.flows)

    def require_equal(self) -> None:
        """Raises ``RowsDiffer`` or ``TargetFlawed`` unless the target is the source."""
        unequal = sorted({flow.target for flow in self.flows if not flow.equal})
        if unequal or not (self.flows or self.partial):
            raise RowsDiffer(count=self.count, tables=", ".join(unequal) or "-")
        if self.flaws:
            found = sorted(f"{flaw.table} {flaw.name} ({flaw.flaw})" for flaw in self.flaws)
            raise TargetFlawed(count=len(found), flaws="\n".join(found))
