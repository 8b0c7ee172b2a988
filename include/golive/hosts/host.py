"""What a host can do for us, whoever carries it out: ``ssh``, ``local`` or ``recording``."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from golive.hosts.values import Command, HostAddress, Operation, Outcome, Upload


@dataclass(frozen=True)
class Known:
    """An operation that a host knows: its id, the token that it was started with, and how it stands."""

    id: str
    token: int
    outcome: Outcome


class Host(Protocol):
    """Time-outs are seconds. Every method raises the leaves of ``golive.hosts.errors``."""

    @property
    def address(self) -> HostAddress: ...

    async def run(self, command: Command, *, timeout: float) -> Outcome:
        """Run attached, for reads. ``output`` holds both streams, at most their last 1 MiB."""

    async def operate(self, operation: Operation, *, timeout: float) -> Outcome:
        """Start it, or attach to the one of the same id, and wait; FINISHED or LOST.

        A lost connection is made again until ``timeout``; the operation goes on in any case. LOST says that nobody
        knows: cancel it, which ends what may be left of it, then probe. Never starts the same id a second time.
        """

    async def status(self, operation_id: str) -> Outcome:
        """How it stands; starts nothing."""

    async def operations(self) -> tuple[Known, ...]:
        """All that the host knows, by id, without output."""

    async def cancel(self, operation_id: str, *, grace: int = 5) -> Outcome:
        """TERM, after ``grace`` s KILL, to all its processes; back when none is left. No-op unless RUNNING or LOST."""

    async def prune(self, *, days: int, keep: Iterable[str]) -> int:
        """Forget operations that ended more than ``days`` days ago, under a token below the fence, and are not among
        the ids to ``keep``; also what killed starters left. How many went."""

    async def upload(self, upload: Upload, chunks: Iterable[bytes], *, timeout: float) -> Outcome:
        """Put a file in its place, its digest checked there first. ``output``: ``stored``, or ``present`` before."""

    async def raise_fence(self, token: int) -> None:
        """From now on refuse operations and uploads with lower tokens. ``StaleToken`` when it is higher already."""

    def forward(self, port: int) -> AbstractAsyncContextManager[int]:
        """A port on our loopback that leads to ``port`` on the host's."""
