"""Whole releases on real hosts and a real database: forward, back, broken on the way, killed, overtaken."""

import signal
import threading
from collections import Counter

import asyncssh
import pytest

from golive.stages import rollback
from golive.stages.api import check_verdict, roll_back_release, roll_back_stage, run_step
from golive.stages.effects import State
from golive.stages.errors import (
    CheckFailed,
    NotServing,
    Quarantined,
    RollbackFailed,
    StageNotClosed,
    StepFailed,
)
from golive.stages.incidents import open_incidents
from golive.stages.live import serving
from golive_stack import hosts
from tests.integration.stage_runs import OLD, Site, killed, stopped, wait_for

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]


def test_a_release_goes_live_on_three_hosts_and_comes_back(here: Site) -> None:
    """Version 2 replaces version 1 behind the balancer; the rollback on demand proves that version 1 answers. Taken
    back too, the first install leaves nothing serving and nothing claimed."""
    release = here.submit("whole")
    here.live(release)
    here.live(OLD, "production")
    here.live(release, "production")
    assert here.version("production") == "2.0.0"
    with pytest.raises(NotServing):
        here.roll_back(OLD, "production")
    assert here.roll_back(release, "production").outcome == "rolled_back"
    assert here.version("production") == "1.0.0"
    assert here.roll_back(release).outcome == "rolled_back"
    assert here.kinds(release).count("release.rolled_back") == 2
    here.roll_back(OLD, "production")
    assert serving(here.ledger, "production") is None
    assert not (here.host("production", "app2") / "components" / "api" / "current").is_symlink()


def test_a_version_that_does_not_start_is_taken_back(here: Site) -> None:
    """A new version that answers 500 fails its check; the stage comes back, the run is red, the old version serves."""
    release = here.submit("broken", lambda text: text.replace("attempts: 40", "attempts: 8"), variant="answers_500")
    run = here.until(release, "install", "check")
    with pytest.raises(CheckFailed):
        run_step(run, "check")
    assert roll_back_stage(run).outcome == "rolled_back"
    with pytest.raises(StageNotClosed):
        check_verdict(run)
    here.roll_back(release)


def test_a_full_disk_ends_with_the_old_version_serving(here: Site) -> None:
    """What does not fit is not half there: the step fails, and the rollback needs no room."""
    release = here.submit("full")
    run = here.until(release, "install", "upload")
    hosts.restart(here.info.home, "test", "app1", limit_file_kb=2)
    try:
        with pytest.raises(StepFailed):
            run_step(run, "upload")
    finally:
        hosts.restart(here.info.home, "test", "app1")
    roll_back_stage(run)
    here.roll_back(release)


def test_a_bundle_changed_on_its_host_is_not_unpacked(here: Site) -> None:
    """Between upload and unpack the digest is asked again: what was changed never becomes a release."""
    release = here.submit("changed")
    run = here.until(release, "install", "unpack")
    bundle = next((here.host() / "components" / "api" / "incoming").glob("2.0.0-*.tar.gz"))
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    with pytest.raises(StepFailed, match="changed on its way"):
        run_step(run, "unpack")
    roll_back_stage(run)
    here.roll_back(release)
    assert not list((here.host() / "components" / "api" / "releases").glob("2.0.0-*"))


def test_a_host_that_is_not_who_it_was_gets_nothing(here: Site) -> None:
    """A wrong host key ends the first look; not a byte of a command is sent, and no approval is asked for."""
    wrong = _public((here.info.home.host("production", "app1") / "host_key").read_text())
    right = _public((here.info.home.host("test", "app1") / "host_key").read_text())
    release = here.submit("impostor")
    here.place("test", lambda text: text.replace(right, wrong))
    try:
        run = here.opened(release, "environment")
        with pytest.raises(CheckFailed, match="key"):
            run_step(run, "facts")
        roll_back_stage(run)
    finally:
        here.place("test")
    assert not [e for e in here.events(release) if e.kind in ("gate.asked", "effect.intended")]


def _public(private: str) -> str:
    return asyncssh.import_private_key(private).export_public_key().decode().strip()


def test_a_rollback_that_fails_is_quarantined_and_a_later_one_ends_it(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the old version cannot start nothing is called rolled back; each failure is an incident of its own, and
    the rollback that succeeds closes them all."""
    monkeypatch.setattr(rollback, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(rollback, "TRIES", 2)
    release = here.submit("stuck", variant="pages_500")
    run = here.until(release, "cutover", "smoke")
    with pytest.raises(CheckFailed):
        run_step(run, "smoke")
    serve = next((here.host() / "components" / "api" / "releases").glob("1.0.0-*")) / "bin" / "serve"
    whole = serve.read_bytes()
    serve.write_bytes(b"#!/bin/sh\nexit 1\n")
    with pytest.raises(RollbackFailed):
        roll_back_stage(run)
    assert here.standing(release, "cutover").state == "quarantined"
    with pytest.raises(RollbackFailed):
        here.roll_back(release)
    opened = [event.data["incident"] for event in open_incidents(here.events(release), "test")]
    assert opened == [f"{release}-test-rollback-1", f"{release}-test-rollback-2"]
    with pytest.raises(Quarantined):
        here.opened(release, "environment", "2")
    serve.write_bytes(whole)
    assert here.roll_back(release).outcome == "rolled_back"
    assert not open_incidents(here.events(release), "test")


@pytest.mark.parametrize("mode", ["before", "after"])
def test_a_killed_worker_is_followed_by_one_that_attaches(here: Site, mode: str) -> None:
    """Killed before its target was asked, or after it was done: the next try finds out, and the effect happens once."""
    release = here.submit(f"killed-{mode}")
    run = here.until(release, "environment", "services")
    assert killed(here.worker(run, "services", mode))
    effect = here.effect(release, "environment.services/host:app1/api")
    assert effect.state is State.OPEN
    pid = here.operation(effect) / "pid"
    assert pid.exists() is (mode == "after")
    before = pid.read_text() if pid.exists() else ""
    run_step(run, "services")
    found = here.effect(release, effect.key)
    assert (found.state, found.operation) == (State.IN_FORCE, effect.operation)
    assert before in ("", pid.read_text())
    roll_back_stage(run)


def test_a_worker_killed_in_the_middle_leaves_the_host_to_finish(here: Site) -> None:
    """The switch goes on without the worker that started it; the next try attaches to it and starts nothing."""
    release = here.submit("killed-during")
    run = here.until(release, "cutover", "switch")
    process = here.worker(run, "switch", "run")
    wait_for("the intent", lambda: "cutover.switch/host:app1/api" in _keys(here, release))
    operation = here.operation(here.effect(release, "cutover.switch/host:app1/api"))
    wait_for("the operation", (operation / "pid").exists)
    process.send_signal(signal.SIGKILL)
    assert killed(process)
    started = (operation / "pid").read_text()
    here.rest(run, "switch")
    assert (operation / "pid").read_text() == started
    assert here.version() == "2.0.0"
    here.roll_back(release)


def _keys(here: Site, release: str) -> set[str]:
    return {event.data["key"] for event in here.events(release) if event.kind == "effect.intended"}


def test_a_worker_that_comes_back_after_a_rollback_is_refused(here: Site) -> None:
    """Held while its release was rolled back, a worker finds a higher token on the host and does nothing."""
    release = here.submit("stale")
    run = here.until(release, "environment", "services")
    process = here.worker(run, "services", "hold")
    wait_for("the worker to be held", lambda: stopped(process))
    assert here.roll_back(release).outcome == "rolled_back"
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Overtaken" in output
    assert not here.operation(here.effect(release, "environment.services/host:app1/api")).exists()


def test_two_tries_at_once_do_it_once(here: Site) -> None:
    """A try that did not know of the other: both attach to one operation, and the outcome is the same."""
    release = here.submit("twins")
    run = here.until(release, "environment", "services")
    workers = [here.worker(run, "services", "run") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in workers]
    assert [process.returncode for process in workers] == [0, 0], outputs
    assert Counter(here.kinds(release))["effect.intended"] == len(_keys(here, release))
    roll_back_stage(run)


def test_two_rollbacks_at_once_end_once(here: Site) -> None:
    """A stage's teardown and a rollback on demand never interleave: each end is on record one time."""
    release = here.submit("both-back")
    run = here.until(release, "environment", "databases")
    errors: list[BaseException] = []
    whole = here.opened(release, "rollback", "both")

    def back(call: object, runtime: object) -> None:
        try:
            call(runtime)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001  # the test looks at it
            errors.append(error)

    jobs = [
        threading.Thread(target=back, args=job)
        for job in ((roll_back_stage, run), (roll_back_release, whole), (roll_back_stage, run))
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(timeout=120)
    assert errors == []
    ends = Counter((e.kind, e.data["stage"]) for e in here.events(release) if e.kind == "stage.rolled_back")
    assert ends == {("stage.rolled_back", "environment"): 1}
    assert here.kinds(release).count("release.rolled_back") <= 1
