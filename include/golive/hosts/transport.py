"""How a line reaches a host's shell and its answer comes back."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

TAIL = 1 << 20
"""How much of an answer is kept: its last 1 MiB."""

_QUIET = 0.25
_LINGER = 5.0
"""Seconds to wait for the rest of the output after the exit: while it is quiet, and in all. A child in the
background may hold the stream for ever, so its end is not awaited."""


@dataclass(frozen=True)
class Exchange:
    """A line, what goes to its stdin, and the words after which that is sent (at once when empty).

    A ``question`` is answered at once and does not wait behind operations.
    """

    line: str
    stdin: Iterable[bytes] = ()
    prompt: bytes = b""
    question: bool = False


@dataclass(frozen=True)
class Reply:
    """The exit status (128 + n for a signal) and both streams, at most their last ``TAIL`` bytes."""

    exit_status: int
    output: bytes


class Transport(Protocol):
    """``exchange`` raises ``HostUnreachable`` for what was lost on the way, ``TimeoutError`` when time ran out."""

    async def exchange(self, exchange: Exchange, *, timeout: float) -> Reply: ...

    def forward(self, port: int) -> AbstractAsyncContextManager[int]: ...


class Deadline:
    """Monotonic: a change of the clock neither shortens nor lengthens it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


class Inbox:
    """What has come from one session so far. The session's protocol tells it; ``feed`` and ``reply`` wait on it."""

    def __init__(self, prompt: bytes) -> None:
        self.exit_status: int | None = None
        self.writable = asyncio.Event()
        self.writable.set()
        self._prompt = prompt
        self._prompted = asyncio.Event()
        self._exited = asyncio.Event()
        self._ended = asyncio.Event()
        self._kept = bytearray()
        self._received = 0

    def received(self, data: bytes) -> None:
        self._received += len(data)
        self._kept += data
        if len(self._kept) > 2 * TAIL:
            del self._kept[:-TAIL]
        if self._prompt and self._prompt in self._kept:
            self._prompted.set()

    def exited(self, status: int) -> None:
        self.exit_status = status
        for event in (self._exited, self._prompted, self.writable):
            event.set()

    def ended(self) -> None:
        """No output will come any more."""
        self._ended.set()

    def lost(self) -> None:
        """The session is over, with or without an exit status."""
        for event in (self._exited, self._ended, self._prompted, self.writable):
            event.set()

    async def feed(self, exchange: Exchange, write: Callable[[bytes], None], close: Callable[[], None]) -> None:
        """Send stdin as fast as it is taken, in flat memory; stops when the other side has ended."""
        if exchange.prompt:
            await self._prompted.wait()
        if self._exited.is_set():
            return
        for chunk in exchange.stdin:
            write(chunk)
            await asyncio.sleep(0)
            await self.writable.wait()
            if self._exited.is_set():
                return
        close()

    async def reply(self) -> Reply | None:
        """The reply once it is complete; None where the session was lost before its exit status."""
        await self._exited.wait()
        linger = Deadline(_LINGER)
        seen = -1
        while not self._ended.is_set() and linger.left and self._received > seen:
            seen = self._received
            try:
                await asyncio.wait_for(self._ended.wait(), _QUIET)
            except TimeoutError:
                continue
        return None if self.exit_status is None else Reply(self.exit_status, bytes(self._kept[-TAIL:]))
