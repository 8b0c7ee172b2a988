"""The same work on many hosts at a time; one that fails hides no other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Target = TypeVar("Target")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Gathered(Generic[Result]):
    """What came of each host, in the order given: a result or an error, never both."""

    results: Mapping[str, Result]
    errors: Mapping[str, Exception]


async def on_hosts(
    hosts: Mapping[str, Target], work: Callable[[Target], Awaitable[Result]], limit: int = 16
) -> Gathered[Result]:
    """Run ``work`` for every host, at most ``limit`` at a time.

    A cancellation reaches all of them and is passed on once the last has ended; nothing goes on behind it.
    """
    gate = asyncio.Semaphore(limit)
    results: dict[str, Result] = {}
    errors: dict[str, Exception] = {}

    async def one(name: str, target: Target) -> None:
        async with gate:
            try:
                results[name] = await work(target)
            except Exception as error:  # noqa: BLE001 - handed to the caller with its host
                errors[name] = error

    async with asyncio.TaskGroup() as group:
        for name, target in hosts.items():
            group.create_task(one(name, target))
    return Gathered(
        {name: results[name] for name in hosts if name in results},
        {name: errors[name] for name in hosts if name in errors},
    )
