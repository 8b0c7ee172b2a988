"""A host that dies in the middle of a release, is given up by a person, and comes back."""

import os
import signal
from collections.abc import Iterator

import pytest

from golive.ledger.events import environment_stream
from golive.ledger.leases import current, given_up
from golive.stages import rollback
from golive.stages.api import give_up, roll_back_stage, run_step
from golive.stages.effects import State
from golive.stages.errors import CheckFailed, Quarantined, RollbackFailed, TargetGivenUp
from golive.stages.fencing import take
from golive.stages.incidents import open_incidents
from golive_stack import hosts, processes
from tests.integration.homes import run_on
from tests.integration.stage_runs import Site, stopped, wait_for

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]

APP = "host:app1"


@pytest.fixture(autouse=True)
def impatient(here: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rollbacks try twice, soon; the host lives again after the test."""
    monkeypatch.setattr(rollback, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(rollback, "TRIES", 2)
    yield
    if processes.running(here.info.home, "host-test-app1") is None:
        hosts.restart(here.info.home, "test", "app1")


def die(here: Site) -> None:
    record = processes.running(here.info.home, "host-test-app1")
    assert record is not None
    processes.stop(here.info.home, record)


def test_a_dead_host_is_given_up_and_put_right_when_it_is_back(here: Site) -> None:
    """Quarantined for ever, until a person gives the host up: the rest is rolled back, the incident stays open, nobody
    works on the host. Back again, with the new version serving, it is taken back before the next release begins."""
    release = here.submit("dead", variant="pages_500")
    run = here.until(release, "cutover", "smoke")
    with pytest.raises(CheckFailed):
        run_step(run, "smoke")
    other = here.submit("after-dead")
    here.planned(other)
    die(here)
    with pytest.raises(RollbackFailed):
        roll_back_stage(run)
    with pytest.raises(Quarantined):
        here.opened(release, "cutover", "2")

    first = give_up(here.ledger, "test", APP, "burnt", "park.infra")
    again = give_up(here.ledger, "test", APP, "burnt again", "choi.quality")
    assert (first.new, first.holder) == (True, f"rollback/{release}")
    assert (again.new, again.reason, again.person) == (False, "burnt", "park.infra")
    report = here.roll_back(release)
    assert (report.outcome, bool(report.left)) == ("rolled_back", True)
    assert here.standing(release, "cutover").state == "rolled_back"
    assert len(open_incidents(here.events(release), "test")) == 1
    assert current(here.ledger.read(environment_stream("test")), APP) is None
    switched = here.effect(release, "cutover.switch/host:app1/api")
    assert switched.state is State.GIVEN_UP

    with pytest.raises(TargetGivenUp, match=r"burnt.*"):
        here.opened(other, "environment")
    with pytest.raises(TargetGivenUp):
        take(here.ledger, "test", (APP,), other)
    hosts.restart(here.info.home, "test", "app1")
    assert here.version() == "2.0.0"
    roll_back_stage(here.opened(other, "environment", "2"))
    assert here.version() == "1.0.0"
    assert here.effect(release, switched.key).state is State.UNDONE
    assert not open_incidents(here.events(release), "test")
    assert not given_up(here.ledger.read(environment_stream("test")))
    fence = run_on(here.info, "test", "app1", "cat .golive/fence")[1]
    assert int(fence) > switched.token


def test_a_worker_of_before_is_refused_by_the_host_itself(here: Site) -> None:
    """Held before its first word, it wakes up when the host is back and was put right: its token is too low."""
    release = here.submit("dead-zombie")
    run = here.until(release, "environment", "runtime")
    worker = here.worker(run, "runtime", "hold")
    wait_for("the worker to hold", lambda: stopped(worker))
    die(here)
    give_up(here.ledger, "test", APP, "burnt", "park.infra")
    assert here.roll_back(release).left
    hosts.restart(here.info.home, "test", "app1")
    roll_back_stage(here.opened(here.submit("after-dead-zombie"), "environment"))
    os.kill(worker.pid, signal.SIGCONT)
    assert "token" in worker.communicate(timeout=60)[0].decode()
    assert here.effect(release, "environment.runtime/host:app1/api").state is State.UNDONE


def test_a_new_machine_under_the_old_name_has_nothing_to_take_back(here: Site) -> None:
    """Golive's fence is not there, so nothing of ours is; what the old machine had is gone with it."""
    release = here.submit("dead-new")
    run = here.until(release, "environment", "runtime")
    die(here)
    give_up(here.ledger, "test", APP, "burnt", "park.infra")
    roll_back_stage(run)
    fence = here.host() / ".golive" / "fence"
    fence.unlink()
    hosts.restart(here.info.home, "test", "app1")
    roll_back_stage(here.opened(here.submit("after-dead-new"), "environment"))
    effect = here.effect(release, "environment.directories/host:app1/api")
    assert (effect.state, effect.detail) == (State.UNDONE, "gone with the old machine")
    assert fence.exists()
