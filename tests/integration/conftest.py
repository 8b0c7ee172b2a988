"""One live stack for all tests that need a scheduler; what a test submitted is taken back after it."""

from collections.abc import Iterator

import pytest

from tests.live import Live, live_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Live]:
    with live_stack() as live:
        yield live


@pytest.fixture
def live(stack: Live) -> Iterator[Live]:
    stack.submitted.clear()
    yield stack
    for release in stack.submitted:
        stack.take_back(release)
