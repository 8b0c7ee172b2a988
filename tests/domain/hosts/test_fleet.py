"""Work on many hosts: all at a time, every result and every error, and nothing left behind a cancellation."""

import asyncio

import pytest

from golive.hosts.fleet import on_hosts


def test_every_host_gives_a_result_or_an_error() -> None:
    """One that fails hides no other, and the order is that of the hosts."""

    async def work(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        if number == 1:
            raise ValueError(number)
        return number * 10

    gathered = asyncio.run(on_hosts({"a": 0, "b": 1, "c": 2}, work))
    assert list(gathered.results.items()) == [("a", 0), ("c", 20)]
    assert [(name, str(error)) for name, error in gathered.errors.items()] == [("b", "1")]


def test_no_more_than_the_limit_at_a_time() -> None:
    """At most ``limit`` are worked on at the same time, and as many as that."""
    now, most = 0, 0

    async def work(_: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    asyncio.run(on_hosts({str(number): number for number in range(9)}, work, limit=4))
    assert most == 4


def test_a_cancellation_reaches_all_and_is_passed_on() -> None:
    """When the caller is cancelled, every host's work has ended before the cancellation goes on."""
    ended = []

    async def work(number: int) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            ended.append(number)

    async def main() -> None:
        task = asyncio.create_task(on_hosts({"a": 0, "b": 1}, work))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == [0, 1]

    asyncio.run(main())
