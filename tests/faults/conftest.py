"""One live stack for all fault tests; what a test submitted is taken back, and the invariants are asked, after each."""

from collections.abc import Iterator

import pytest

from tests.checker.invariants import check
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
    problems = check(stack.info.home.root)
    assert not problems, "\n".join(problems)
