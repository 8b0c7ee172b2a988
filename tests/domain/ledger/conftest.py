"""A ledger with a story in it, and someone who tampers with it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from golive.ledger import Ledger, verify
from golive.ledger.chain import StreamRows
from golive.ledger.events import NewEvent
from golive.ledger.problems import What
from golive.ledger.rows import snapshot
from tests.domain.ledger.tamper import Superuser


@pytest.fixture(scope="module")
def ledger_database(postgres: Any, ledger_template: str) -> Iterator[str]:
    """One database for all tests of a file, to save time: each has its own stream, key and heads."""
    name = postgres.create_database(ledger_template)
    yield name
    postgres.drop_database(name)


@pytest.fixture
def story(ledger: Ledger, stream: str) -> Ledger:
    """Batches of events 1–2, 3, 4–6 and 7 of one stream, the only ones under this key."""
    for names in (("a", "b"), ("c",), ("d", "e", "f"), ("g",)):
        ledger.record(stream, *(NewEvent(name, {"n": name}) for name in names))
    return ledger


@pytest.fixture
def found(story: Ledger, stream: str, tmp_path: Path) -> Callable[[], list[tuple[int, What]]]:
    """Verifies the story and gives the place and kind of every problem."""

    def find() -> list[tuple[int, What]]:
        problems = verify(story, tmp_path / "key.pub", tmp_path / "heads", stream)
        for problem in problems:
            assert problem.stream == stream
            assert problem.message("en") != problem.message("ko")
        return [(problem.sequence, problem.what) for problem in problems]

    return find


@pytest.fixture
def rows(story: Ledger, stream: str) -> StreamRows:
    return story.database.run(partial(snapshot, stream=stream))


@pytest.fixture
def stream() -> str:
    """The name of a stream that no other test uses."""
    return f"release/{uuid4().hex[:8]}"


@pytest.fixture
def superuser(postgres: Any, ledger_database: str, stream: str) -> Iterator[Superuser]:
    """Someone who can do anything to the ledger's database and has switched its triggers off."""
    superuser = Superuser(postgres, ledger_database, stream)
    yield superuser
    superuser.close()


@pytest.fixture
def reader(postgres: Any, ledger_database: str) -> Iterator[Ledger]:
    """The same ledger, opened without a key and with nothing in memory."""
    reader = Ledger(postgres.url(ledger_database), signer=None, heads=None)
    yield reader
    reader.close()
