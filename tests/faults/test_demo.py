"""``./golive demo``, as README says it, on the stack of the other tests. The fixture asks the invariants after each."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from golive_stack.demo.scenario import NEW, OLD
from golive_stack.home import REPOSITORY
from tests.live import Live

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module", autouse=True)
def _taken_back(stack: Live) -> Iterator[None]:
    """What the demo leaves is mended and taken back, as the next demo would do it."""
    yield
    golive(stack, "demo", "--prepare")


def golive(live: Live, *words: str) -> str:
    """Runs ``./golive`` for this stack; what it printed. Raises unless it exits with 0."""
    variables = {**os.environ, "GOLIVE_HOME": str(live.info.home.root)}
    done = subprocess.run(
        (str(REPOSITORY / "golive"), *words), env=variables, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(live: Live, word: str) -> int:
    """How many messages of a kind there are; that the channel shows each of them once, the checker asks."""
    queued = (event.data["key"] for event in live.events(NEW) if event.kind == "message.queued")
    return sum(word in key for key in queued)


def test_the_demo_goes_live_and_comes_back(live: Live) -> None:
    """Signed by its people, version 2 serves in test, then in production; the night finds nothing wrong, and the DAG
    ``rollback`` brings version 1 back."""
    said = golive(live, "demo", "--locale", "en")
    for environment in ("test", "production"):
        assert f"{environment}: run success, {NEW} serves" in said
        assert (live.version(environment), live.serving(environment)) == ("2.0.0", NEW)
    health = live.api("admin").trigger("nightly_health", "health-by-hand", environment="production")
    assert live.ended("nightly_health", health) == "success"
    run = live.trigger("rollback", NEW, "production", reason="시험 롤백")
    assert live.ended("rollback", run) == "success", live.tasks("rollback", run)
    assert (live.version("production"), live.version("test")) == ("1.0.0", "2.0.0")
    reasons = [event.data["reason"] for event in live.events(NEW) if event.kind == "release.rolled_back"]
    assert reasons[-1] == "시험 롤백"


@pytest.mark.parametrize(
    ("fail", "state", "message"),
    [
        ("install", "rolled_back", "production:rolled_back"),
        ("cutover", "rolled_back", "production:rolled_back"),
        ("rollback", "quarantined", "incident"),
    ],
)
def test_what_the_demo_breaks_ends_with_the_old_version(live: Live, fail: str, state: str, message: str) -> None:
    """It exits with 0 since it ended as it should: test is live, production's run is red, the old version answers on
    every host that can answer, the ledger says what became of it, and the channel was told."""
    before = told(live, message)
    said = golive(live, "demo", "--fail", fail, "--locale", "en")
    assert (live.serving("test"), live.serving("production")) == (NEW, OLD)
    assert {live.version("production") for _ in range(6)} == {"1.0.0"}
    broken = "install" if fail == "install" else "cutover"
    assert live.standing(NEW, broken, "production").state == state
    assert live.standing(NEW, "release", "production").state == state
    assert told(live, message) > before
    assert f"production: run failed, {OLD} serves" in said
