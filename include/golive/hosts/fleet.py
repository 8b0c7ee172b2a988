"""The same work on many targets, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Target = TypeVar("Target")
Result = TypeVar("Result")

AT_ONCE = 16
"""Hosts worked on at a time: the number with which ``docs/performance.md`` was measured. Each holds a login, a session
and a share of this process."""


async def each(
    work: Callable[[Target], Awaitable[Result]], targets: Iterable[Target], limit: int = AT_ONCE
) -> list[Result]:
    """The result of ``work`` for every target, in their order, at most ``limit`` at a time.

    An error stops no other target: the first one is raised when all have ended. A cancellation reaches all of them and
    is passed on once the last has ended; nothing goes on behind it.
    """
    gate = asyncio.Semaphore(limit)

    async def one(target: Target) -> Result:
        async with gate:
            return await work(target)

    found = await asyncio.gather(*(one(target) for target in targets), return_exceptions=True)
    results: list[Result] = []
    for item in found:
        if isinstance(item, BaseException):
            raise item
        results.append(item)
    return results
