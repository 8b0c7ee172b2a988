"""A ``Host`` over any transport that brings lines to a POSIX shell."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from golive.hosts import operation as build
from golive.hosts.errors import CommandTimeout, DiskFull, HostUnreachable, HostUnusable, StaleToken, UploadMismatch
from golive.hosts.host import Known
from golive.hosts.transport import Deadline, Exchange, Reply, Transport
from golive.hosts.values import Command, HostAddress, Operation, Outcome, Status, Upload

_CONTROL = 60.0
"""Seconds for questions that are answered at once, and for a cancel, which takes at most about 20."""


class ShellHost:
    """See ``golive.hosts.host.Host``."""

    def __init__(self, address: HostAddress, transport: Transport) -> None:
        self.address = address
        self._transport = transport

    async def run(self, command: Command, *, timeout: float) -> Outcome:
        exchange = Exchange(build.run(command), (build.stdin_of(command),))
        reply = await self._exchange(exchange, command.name, timeout)
        return Outcome(Status.FINISHED, reply.exit_status, build.decode(reply.output))

    async def operate(self, operation: Operation, *, timeout: float) -> Outcome:
        deadline, pause = Deadline(timeout), 0.1
        name, token = operation.command.name, operation.token
        exchange = Exchange(build.start(operation), (build.stdin_of(operation.command),))
        while True:
            try:
                report = await self._ask(exchange, name, deadline.left, token=token, limit=timeout)
            except HostUnreachable:
                pause = min(2 * pause, 2.0)
                if deadline.left <= pause:
                    raise
                await asyncio.sleep(pause)
                continue
            outcome = build.outcome_of(report.word, report.rest, report.body)
            if outcome.status is Status.ABSENT:
                raise HostUnusable(host=self.address.name, cause=f"{name} did not start")
            if outcome.status is not Status.RUNNING:
                return outcome
            exchange = Exchange(build.status(operation.id, wait=True))

    async def status(self, operation_id: str) -> Outcome:
        report = await self._ask(Exchange(build.status(operation_id), question=True), operation_id)
        return build.outcome_of(report.word, report.rest, report.body)

    async def operations(self) -> tuple[Known, ...]:
        return build.read_listing((await self._ask(Exchange(build.listing(), question=True), "list")).body)

    async def cancel(self, operation_id: str, *, grace: int = 5) -> Outcome:
        exchange = Exchange(build.cancel(operation_id, grace), question=True)
        report = await self._ask(exchange, operation_id, _CONTROL + grace)
        return build.outcome_of(report.word, report.rest, report.body)

    async def prune(self, *, days: int, keep: Iterable[str]) -> int:
        exchange = Exchange(build.prune(days), (" ".join(keep).encode(),), question=True)
        return int((await self._ask(exchange, "prune")).rest)

    async def upload(self, upload: Upload, chunks: Iterable[bytes], *, timeout: float) -> Outcome:
        exchange = Exchange(build.upload(upload), chunks, prompt=build.SEND)
        report = await self._ask(exchange, upload.target, timeout, token=upload.token)
        return Outcome(Status.FINISHED, 0, report.word)

    async def raise_fence(self, token: int) -> None:
        await self._ask(Exchange(build.raise_fence(token), question=True), "fence", token=token)

    def forward(self, port: int) -> AbstractAsyncContextManager[int]:
        return self._transport.forward(port)

    async def _ask(
        self, exchange: Exchange, name: str, timeout: float = _CONTROL, *, token: int = 0, limit: float | None = None
    ) -> build.Report:
        reply = await self._exchange(exchange, name, timeout, limit)
        report = build.read_report(reply.output)
        host = self.address.name
        if report is None and reply.exit_status > 128:
            raise HostUnreachable(host=host, cause=f"the session was ended with status {reply.exit_status}")
        if report is None:
            raise HostUnusable(host=host, cause=f"status {reply.exit_status}: {build.decode(reply.output)[-500:]}")
        match report.word:
            case "stale":
                raise StaleToken(host=host, token=token, seen=int(report.rest))
            case "full":
                raise DiskFull(host=host, target=name, cause=report.rest)
            case "mismatch":
                raise UploadMismatch(host=host, target=name)
            case "broken":
                raise HostUnusable(host=host, cause=report.rest)
        return report

    async def _exchange(self, exchange: Exchange, name: str, timeout: float, limit: float | None = None) -> Reply:
        try:
            return await self._transport.exchange(exchange, timeout=timeout)
        except TimeoutError:
            seconds = f"{limit or timeout:g}"
            raise CommandTimeout(host=self.address.name, command=name, seconds=seconds) from None
