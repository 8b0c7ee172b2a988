"""What is killed, cut, filled or forged while a release goes on. The invariants are asked after each by the fixture."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from golive.stages.api import open_stage, roll_back_release, submit_environment
from golive.stages.on_demand import ROLLBACK
from golive.stages.runtime import Run
from golive_stack import direct, lifecycle
from tests.faults.workers import dumps, event_of, go_on, kill, on_host, stop, task_process, until
from tests.live import OPERATOR, Live

pytestmark = pytest.mark.faults


def intents(live: Live, release: str, step: str) -> int:
    return sum(event.kind == "effect.intended" and event.data["step"] == step for event in live.events(release))


Loss = Callable[[Live, str, str, str], None]
"""What is lost while a release (by its id) is at its backup in an environment, in a run."""


def killed_before(live: Live, release: str, environment: str, run: str) -> None:
    """The worker at its start, before any intent: the next try does the effect."""
    event_of(live, release, "effect.intended", "monitoring")
    kill(task_process(live, "environment", run, "backup"))


def killed_during(live: Live, release: str, environment: str, run: str) -> None:
    """The worker between intent and outcome: the next try attaches to the operation."""
    event_of(live, release, "effect.intended", "backup")
    kill(task_process(live, "environment", run, "backup"))


def killed_after(live: Live, release: str, environment: str, run: str) -> None:
    """The acknowledgement: the worker is frozen until the host has finished, then killed."""
    event = event_of(live, release, "effect.intended", "backup")
    worker = task_process(live, "environment", run, "backup")
    status = Path(on_host(live, environment)) / event.data["operation"] / "status"
    until("the operation's folder", status.parent.exists)
    stop(worker)
    until("the operation's end", status.exists)
    kill(worker)


def cut(live: Live, release: str, environment: str, run: str) -> None:
    """Every SSH session of the host, while the operation runs."""
    event = event_of(live, release, "effect.intended", "backup")
    until("the operation's folder", (Path(on_host(live, environment)) / event.data["operation"]).exists)
    for session in psutil.Process(live.info.processes[f"host-{environment}-app1"]).children():
        session.kill()


PAIRS: tuple[tuple[Loss, Loss], ...] = ((killed_before, killed_during), (killed_after, cut))


@pytest.mark.parametrize("losses", PAIRS, ids=["-".join(loss.__name__ for loss in pair) for pair in PAIRS])
def test_whatever_is_lost_the_effect_happens_once(live: Live, losses: tuple[Loss, Loss]) -> None:
    """The run ends green, with one intent and one dump. One loss in test, another in production, at the same time."""
    releases = [live.submit(loss.__name__.replace("_", "-")) for loss in losses]
    with ThreadPoolExecutor(len(losses)) as pool:
        list(pool.map(lambda loss, *where: lost(live, loss, *where), losses, releases, ("test", "production")))


def lost(live: Live, loss: Loss, release: str, environment: str) -> None:
    live.plan(release, environment)
    before = dumps(live, environment)
    run = live.trigger("environment", release, environment)
    loss(live, release, environment, run)
    assert live.sign(release, "environment", run) == "success"
    assert (intents(live, release, "backup"), dumps(live, environment) - before) == (1, 1)


def test_a_killed_scheduler_costs_time_and_nothing_else(live: Live) -> None:
    """SIGKILL to the scheduler between intent and outcome; a new one finishes the run; the effect happened once."""
    release, before = live.submit("scheduler"), dumps(live)
    run = live.trigger("environment", release)
    event_of(live, release, "effect.intended", "backup")
    psutil.Process(live.info.processes["scheduler"]).kill()
    lifecycle.restart(live.info.home, "scheduler")
    assert live.sign(release, "environment", run) == "success"
    assert (intents(live, release, "backup"), dumps(live) - before) == (1, 1)


def test_a_stale_worker_after_a_rollback_changes_nothing(live: Live) -> None:
    """A worker frozen with its intent written comes back after the rollback: the host refuses its token."""
    release = live.submit("stale")
    run = live.trigger("environment", release)
    event_of(live, release, "effect.intended", "services")
    worker = task_process(live, "environment", run, "services")
    stop(worker)
    here = Run(release, "test", ROLLBACK.name, f"stale-{time.time_ns()}", OPERATOR)
    runtime = direct.runtime(live.info, live.ledger, here, say=lambda line: None)
    open_stage(runtime)
    assert roll_back_release(runtime, "stale").outcome == "rolled_back"
    control = live.info.home.host("test", "app1") / "home" / "components" / "api" / "control"
    kept = control.read_bytes()
    go_on(worker)
    assert live.ended("environment", run) == "failed"
    assert control.read_bytes() == kept
    assert live.standing(release, "environment").state == "rolled_back"
    assert live.version() == "1.0.0"


def test_a_wrong_host_key_is_a_hard_failure(live: Live) -> None:
    """The inventory pins another key: facts fail, nothing was sent, and no effect is intended."""
    file = live.info.environments["test"]
    right = file.read_text(encoding="utf-8")
    production = live.info.environments["production"].read_text(encoding="utf-8")
    other = next(line for line in production.splitlines() if "host_key:" in line)
    wrong = [other if "host_key:" in line else line for line in right.splitlines()]
    release = live.submit("wrong-key")
    try:
        file.write_text("\n".join(wrong) + "\n", encoding="utf-8")
        submit_environment(live.ledger, file, "admin")
        live.plan(release)
        run = live.trigger("environment", release)
        assert live.ended("environment", run) == "failed"
        assert "host key" in live.log("environment", run, "facts").lower()
        assert not intents(live, release, "directories")
    finally:
        file.write_text(right, encoding="utf-8")
        submit_environment(live.ledger, file, "admin")


def test_a_bundle_changed_on_its_way_is_never_unpacked(live: Live) -> None:
    """Bytes are added to the bundle on the host after its upload: unpack refuses it, and install is taken back."""
    release = live.submit("changed")
    assert live.sign(release, "environment", live.trigger("environment", release)) == "success"
    incoming = live.info.home.host("test", "app1") / "home" / "components" / "api" / "incoming"
    there = set(incoming.glob("*.tar.gz"))
    run = live.trigger("install", release)

    def tampered() -> bool:
        live.answer_all(release)
        for bundle in set(incoming.glob("*.tar.gz")) - there:
            with bundle.open("ab") as file:
                file.write(b"changed")
            return True
        return False

    until("the bundle", tampered)
    assert live.sign(release, "install", run) == "failed"
    assert live.standing(release, "install").state == "rolled_back"
    assert live.version() == "1.0.0"


def test_a_release_that_is_hurt_all_the_way_does_everything_once(live: Live) -> None:
    """Its task is killed right after it started a stage, cleared while the stage lives, cleared when it is green: each
    time it attaches. Cancelled in the middle of the cutover all comes back, and the next run of it begins anew."""
    release = live.submit("hurt")
    run = live.trigger("release", release)
    child = f"{release}.test.environment.1"
    kill_after_start(live, run, "environment", child)
    live.question(release)
    live.wait("the next try", lambda: live.tasks("release", run)["environment"] == "deferred")
    live.api("admin").clear("release", run, "environment")
    live.wait("the cleared task", lambda: live.tasks("release", run)["environment"] == "deferred")
    live.answer_all(release)
    live.wait("the next stage", lambda: any("install" in asked.run for asked in live.api("admin").questions()))
    live.api("admin").clear("release", run, "environment")
    live.wait("the cleared task", lambda: live.tasks("release", run)["environment"] == "success")
    event_of(live, release, "effect.intended", "switch")
    live.api("admin").set_state("release", run, None, "failed")
    live.wait("the rollback", lambda: live.tasks("release", run)["rollback"] not in ("None", "scheduled"))
    again = live.trigger("release", release)
    assert live.judged("release", run) == "failed"
    assert live.judged("cutover", f"{release}.test.cutover.1") == "failed"
    opened = [e.data["run_id"] for e in live.events(release) if e.kind == "stage.opened"]
    children = [f"{release}.test.{stage}.1" for stage in ("environment", "install", "cutover")]
    assert opened[opened.index(run) :][:4] == [run, *children]
    assert max(Counter(e.data["key"] for e in live.events(release) if e.kind == "effect.intended").values()) == 1
    assert live.version() == "1.0.0"
    asked = live.question(release, "decide")
    assert asked.run.endswith(".2")
    live.api(asked.people[0]).answer(asked, asked.options[2], "여기까지")
    assert live.ended("release", again) == "failed"
    assert live.version() == "1.0.0"


def kill_after_start(live: Live, run: str, task: str, child: str) -> None:
    """Lets a task of ``release`` run in slices until the child's run is there, and kills it before it waits for it."""
    worker = task_process(live, "release", run, task)
    api = live.api("admin")
    while True:
        stop(worker)
        if child in api.runs(task):
            break
        go_on(worker)
        time.sleep(0.005)
    assert api.tasks("release", run)[task] == "running"
    kill(worker)
