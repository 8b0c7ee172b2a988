"""What is clicked in Airflow never makes a run green or leaves something in between: the ledger gives the colour."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from golive.stages.effects import fold_effects
from golive.stages.rollback import leaving_traces
from golive_stack.demo.airflow_api import Asked
from tests.faults.workers import event_of, go_on, stop, task_process
from tests.live import Live

pytestmark = pytest.mark.integration

STEP = "backup"
STAGE = "environment"


@dataclass(frozen=True)
class Case:
    """What a person does at a gate, and what must come of it. Nothing was changed, so nothing is undone."""

    name: str
    act: Callable[[Live, Asked], None]
    standing: str
    tasks: dict[str, str] = field(default_factory=dict)


def mark(task: str | None, state: str) -> Callable[[Live, Asked], None]:
    return lambda live, asked: live.api("admin").set_state(asked.dag, asked.run, task, state)


def stops(live: Live, asked: Asked) -> None:
    live.api(asked.people[0]).answer(asked, asked.options[2], "중단합니다")


def parent_fails(live: Live, asked: Asked) -> None:
    (opened,) = [e for e in live.events(asked.run.split(".")[0]) if e.data.get("run_id") == asked.run]
    live.api("admin").set_state("release", opened.data["parent_run_id"], None, "failed")


GATE = (
    Case("stop", stops, "stopped"),
    Case("gate-failed", mark("gate.decide", "failed"), "rolled_back", {"directories": "upstream_failed"}),
    Case("gate-success", mark("gate.decide", "success"), "rolled_back", {"directories": "failed"}),
    Case("run-failed", mark(None, "failed"), "rolled_back"),
    Case("run-success", mark(None, "success"), "rolled_back"),
    Case("parent-failed", parent_fails, "rolled_back"),
)


@dataclass(frozen=True)
class Ended:
    release: str
    run: str
    state: str


@pytest.fixture(scope="module")
def gates(stack: Live) -> Iterator[dict[str, Ended]]:
    """All cases at the same time: a gate holds no slot and nothing of a host."""
    stack.submitted.clear()
    releases = [stack.submit(f"gate-{case.name}") for case in GATE]
    with ThreadPoolExecutor(len(GATE)) as pool:
        ended = pool.map(lambda case, release: met(stack, case, release), GATE, releases)
        yield {case.name: end for case, end in zip(GATE, ended, strict=True)}
    for release in releases:
        stack.take_back(release)


def met(live: Live, case: Case, release: str) -> Ended:
    """One release at the gate of its first stage, and what was done there."""
    under = "release" if case.act is parent_fails else STAGE
    whole = live.trigger(under, release)
    asked = live.question(release, "decide")
    case.act(live, asked)
    state = live.judged(STAGE, asked.run)
    if under != STAGE:
        assert live.judged(under, whole) == "failed"
    return Ended(release, asked.run, state)


@pytest.mark.parametrize("case", GATE, ids=[case.name for case in GATE])
def test_whatever_is_clicked_at_a_gate_ends_red(live: Live, gates: dict[str, Ended], case: Case) -> None:
    """Stopped, marked failed or success, or its release cancelled: no vote, no effect, and the ledger says the end."""
    ended = gates[case.name]
    assert ended.state == "failed"
    assert live.standing(ended.release, STAGE).state == case.standing
    assert not [event for event in live.events(ended.release) if event.kind == "effect.intended"]
    tasks = live.tasks(STAGE, ended.run)
    assert {name: tasks[name] for name in case.tasks} == case.tasks


def test_a_step_marked_by_hand_is_taken_back(live: Live) -> None:
    """In the middle of its effect, failed or success: no later step does anything, the run is red, and all that was
    done is undone. In two environments at the same time."""
    marks = (("failed", "test"), ("success", "production"))
    releases = [live.submit(f"step-{state}") for state, _ in marks]
    with ThreadPoolExecutor(len(marks)) as pool:
        list(pool.map(lambda release, mark: marked(live, release, *mark), releases, marks))


def marked(live: Live, release: str, state: str, environment: str) -> None:
    live.plan(release, environment)
    run = live.trigger(STAGE, release, environment)
    event_of(live, release, "effect.intended", STEP)
    worker = task_process(live, STAGE, run, STEP)
    stop(worker)
    live.api("admin").set_state(STAGE, run, STEP, state)
    try:
        assert live.judged(STAGE, run) == "failed"
    finally:
        if worker.is_running():
            go_on(worker)
    assert live.standing(release, STAGE, environment).state == "rolled_back"
    intended = [event.data["step"] for event in live.events(release) if event.kind == "effect.intended"]
    assert intended[-1] == STEP
    assert not leaving_traces(fold_effects(live.events(release), environment).values())
