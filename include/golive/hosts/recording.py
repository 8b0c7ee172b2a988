"""A host that does nothing: it remembers what it was told, and answers what a test scripted."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from golive.hosts.errors import StaleToken
from golive.hosts.host import Known
from golive.hosts.values import Command, HostAddress, Operation, Outcome, Status, Upload

SUCCESS = Outcome(Status.FINISHED, 0, "")
_ABSENT = Outcome(Status.ABSENT)


class RecordingHost:
    """``commands`` holds what came, in order. ``outcomes`` answers by a command's name or an upload's target;
    what is not named succeeds. An exception as an answer is raised. Ids and tokens count as on a real host.
    """

    def __init__(
        self, address: HostAddress | str = "recording", outcomes: Mapping[str, Outcome | Exception] | None = None
    ) -> None:
        named = HostAddress(address, "127.0.0.1", 0, "", "") if isinstance(address, str) else address
        self.address = named
        self.commands: list[Command | Operation | Upload] = []
        self.cancelled: list[str] = []
        self.fence = 0
        self._outcomes = dict(outcomes or {})
        self._known: dict[str, Known] = {}

    async def run(self, command: Command, *, timeout: float) -> Outcome:
        self.commands.append(command)
        return self._answer(command.name)

    async def operate(self, operation: Operation, *, timeout: float) -> Outcome:
        await self.raise_fence(operation.token)
        self.commands.append(operation)
        if operation.id not in self._known:
            self._known[operation.id] = Known(operation.id, operation.token, self._answer(operation.command.name))
        return self._known[operation.id].outcome

    async def status(self, operation_id: str) -> Outcome:
        known = self._known.get(operation_id)
        return known.outcome if known else _ABSENT

    async def operations(self) -> tuple[Known, ...]:
        return tuple(self._known[key] for key in sorted(self._known))

    async def cancel(self, operation_id: str, *, grace: int = 5) -> Outcome:
        self.cancelled.append(operation_id)
        return await self.status(operation_id)

    async def prune(self, *, days: int, keep: Iterable[str]) -> int:
        return 0

    async def upload(self, upload: Upload, chunks: Iterable[bytes], *, timeout: float) -> Outcome:
        await self.raise_fence(upload.token)
        self.commands.append(upload)
        for _ in chunks:
            continue
        return self._answer(upload.target)

    async def raise_fence(self, token: int) -> None:
        if token < self.fence:
            raise StaleToken(host=self.address.name, token=token, seen=self.fence)
        self.fence = token

    @asynccontextmanager
    async def forward(self, port: int) -> AsyncIterator[int]:
        yield port

    def _answer(self, name: str) -> Outcome:
        answer = self._outcomes.get(name, SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer
