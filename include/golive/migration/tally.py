"""How far a load is: what is committed per flow, how fast it goes and how long it will take."""

import time
from dataclasses import dataclass, field

from golive.migration.chunks import Chunk
from golive.migration.settings import Migration, Progress


@dataclass
class Flowed:
    """Of one flow: what is committed, of how many chunks."""

    rows: int = 0
    bytes: int = 0
    done: int = 0
    chunks: int = 0


@dataclass
class Tally:
    """Of one run; what runs before it had done counts for the flows, not for the speed."""

    migration: Migration
    flows: dict[str, Flowed] = field(default_factory=dict)
    open_estimate: int = 0
    done_estimate: int = 0
    bytes: int = 0
    begun: float = field(default_factory=time.monotonic)
    note: str = ""

    def found(self, chunk: Chunk, rows: int | None, size: int | None) -> None:
        """A chunk of the plan, open (None) or done by a run before this one."""
        flowed = self.flows.setdefault(chunk.flow, Flowed())
        flowed.chunks += 1
        if rows is None or size is None:
            self.open_estimate += chunk.estimate
        else:
            flowed.rows, flowed.bytes, flowed.done = flowed.rows + rows, flowed.bytes + size, flowed.done + 1

    def committed(self, chunk: Chunk, rows: int, size: int) -> None:
        """A chunk is in; people are told."""
        flowed = self.flows[chunk.flow]
        flowed.rows, flowed.bytes, flowed.done = flowed.rows + rows, flowed.bytes + size, flowed.done + 1
        self.bytes += size
        self.open_estimate -= chunk.estimate
        self.done_estimate += chunk.estimate
        self._tell(chunk.flow, "")

    def waits(self, note: str) -> None:
        """The load waits (or, with "", goes on): told once, of every flow that is not done."""
        if note != self.note:
            self.note = note
            for flow in [name for name, flowed in self.flows.items() if flowed.done < flowed.chunks]:
                self._tell(flow, note)

    def _tell(self, flow: str, note: str) -> None:
        flowed, seconds = self.flows[flow], time.monotonic() - self.begun
        left = seconds * self.open_estimate / self.done_estimate if self.done_estimate else None
        rate = int(self.bytes / seconds) if seconds else 0
        self.migration.report(
            Progress(
                flow, "load", flowed.rows, flowed.bytes, flowed.done, flowed.chunks, round(seconds, 3), rate,
                None if left is None else round(left, 1), note,
            )
        )  # fmt: skip
