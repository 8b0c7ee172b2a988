"""One site for all tests of stages. Named by the tests as a plugin, so that their files share it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from golive_stack import direct, example, lifecycle
from golive_stack.databases import ENVIRONMENTS
from golive_stack.home import Home
from tests.checker.invariants import check
from tests.integration.stage_runs import OLD, Site, legacy_url, silent


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Hosts and a database in a home of their own, version 1 serving in the test environment; gone at the end."""
    home = Home(Path(tempfile.mkdtemp(suffix=".golive")))
    try:
        info = lifecycle.up(home, silent, parts={"postgres", "hosts"})
        found = Site(info, direct.open_ledger(info))
        for environment in ENVIRONMENTS:
            example.seed_database(legacy_url(info, environment), 100)
            found.place(environment)
        # A version that does not answer is given up sooner than by the example, so that failing rollbacks are short.
        found.submit(OLD, lambda text: text.replace("attempts: 40", "attempts: 12"), version="1.0.0")
        found.live(OLD)
        try:
            yield found
        finally:
            found.ledger.close()
    finally:
        lifecycle.down(home, silent)
        shutil.rmtree(home.root, ignore_errors=True)


@pytest.fixture
def here(site: Site) -> Iterator[Site]:
    """Asked after each test: version 1 serves again, and every invariant holds."""
    yield site
    assert site.version() == "1.0.0"
    assert check(site.info.home.root) == []
