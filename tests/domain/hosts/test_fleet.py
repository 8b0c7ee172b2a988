"""Work on many targets: a bounded number at a time, every result in order, and nothing left behind a cancellation."""

import asyncio

import pytest

from golive.hosts.fleet import each


def test_every_target_gives_its_result_in_order() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        return number * 10

    assert asyncio.run(each(work, [0, 1, 2])) == [0, 10, 20]


def test_one_that_fails_stops_no_other() -> None:
    """Its error is raised when all have ended."""
    ended = []

    async def work(number: int) -> None:
        if number == 0:
            raise ValueError(number)
        await asyncio.sleep(0.02)
        ended.append(number)

    with pytest.raises(ValueError, match="0"):
        asyncio.run(each(work, range(4), 2))
    assert ended == [1, 2, 3]


def test_no_more_than_the_limit_at_a_time() -> None:
    """At most ``limit`` are worked on at the same time, and as many as that."""
    now, most = 0, 0

    async def work(_: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    asyncio.run(each(work, range(9), limit=4))
    assert most == 4


def test_a_cancellation_reaches_all_and_is_passed_on() -> None:
    """When the caller is cancelled, every target's work has ended before the cancellation goes on."""
    ended = []

    async def work(number: int) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            ended.append(number)

    async def main() -> None:
        task = asyncio.create_task(each(work, [0, 1]))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == [0, 1]

    asyncio.run(main())
