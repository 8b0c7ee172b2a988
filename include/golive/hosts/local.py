"""The same ``Host`` on this machine, in a given home directory: for tests and for ``localhost``."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

from golive.hosts.remote import ShellHost
from golive.hosts.transport import Exchange, Inbox, Reply
from golive.hosts.values import HostAddress


def local_host(home: Path, *, name: str = "localhost", environment: Mapping[str, str] | None = None) -> ShellHost:
    """A host that is this machine. ``environment`` is added to ours; ``HOME`` is ``home``."""
    address = HostAddress(name=name, address="127.0.0.1", port=0, user="", host_key="")
    return ShellHost(address, LocalTransport({**os.environ, **(environment or {}), "HOME": str(home)}))


class LocalTransport:
    """Lines go to the first ``sh`` of the environment's ``PATH``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    async def exchange(self, exchange: Exchange, *, timeout: float) -> Reply:
        inbox = Inbox(exchange.prompt)
        process, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Process(inbox), "sh", "-c", exchange.line,
            cwd="/", env=self._environment, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        stdin = cast(asyncio.WriteTransport, process.get_pipe_transport(0))
        try:
            async with asyncio.timeout(timeout):
                await inbox.feed(exchange, stdin.write, stdin.close)
                return await inbox.reply() or Reply(255, b"")
        finally:
            # an operation has a session of its own, so this ends only what was attached
            if process.get_returncode() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.get_pid(), signal.SIGTERM)
            process.close()

    @asynccontextmanager
    async def forward(self, port: int) -> AsyncIterator[int]:
        yield port


class _Process(asyncio.SubprocessProtocol):
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        self._inbox.received(data)

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        if fd == 1:
            self._inbox.ended()
        else:
            self._inbox.writable.set()

    def pause_writing(self) -> None:
        self._inbox.writable.clear()

    def resume_writing(self) -> None:
        self._inbox.writable.set()

    def process_exited(self) -> None:
        code = self._transport.get_returncode() if self._transport else None
        self._inbox.exited(255 if code is None else code if code >= 0 else 128 - code)
