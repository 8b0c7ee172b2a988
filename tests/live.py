"""A live stack for tests: real hosts, database, channel and scheduler, with version 1 serving, and people who click."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from golive.ledger import Ledger
from golive.ledger.events import Event, release_stream
from golive.release.people import PLAN
from golive.stages.api import open_stage, roll_back_release, submit_release
from golive.stages.catalogue import STAGES
from golive.stages.live import serving
from golive.stages.on_demand import ROLLBACK
from golive.stages.runtime import Run
from golive.stages.standing import StageStanding, fold_stages
from golive_stack import direct, example, lifecycle, processes
from golive_stack.demo.airflow_api import AirflowApi, Asked
from golive_stack.demo.scenario import prepare
from golive_stack.home import Home
from golive_stack.info import Info

REQUESTER, OPERATOR, DRAFTER = "lee.operator", "lee.operator", "kim.release"
ENDED = ("success", "failed")
PATIENCE = 300.0
"""Seconds after which a live test gives up: never reached unless something hangs."""


@dataclass
class Live:
    """The stack, and what a test does with it. Every release a test submits is taken back at its end."""

    info: Info
    ledger: Ledger
    submitted: list[str] = field(default_factory=list)
    _apis: dict[str, AirflowApi] = field(default_factory=dict)

    def api(self, person: str) -> AirflowApi:
        if person not in self._apis:
            self._apis[person] = AirflowApi(self.info, person)
        return self._apis[person]

    def submit(self, name: str, edit: Callable[[str], str] = lambda text: text, **how: object) -> str:
        """Version 2 of the example under a release id of its own; ``edit`` changes the manifest's text.

        Its plan in test is closed, so that a test may begin with the environment stage; not with ``planned=False``.
        """
        release = f"live-{name}"
        folder = self.info.home.root / "releases" / release
        manifest = example.write_release(folder, "2.0.0", how.get("variant"))  # type: ignore[arg-type]
        text = manifest.read_text(encoding="utf-8").replace("release: contact-center-2.0", f"release: {release}")
        manifest.write_text(edit(text), encoding="utf-8")
        submit_release(self.ledger, manifest, DRAFTER)
        self.submitted.append(release)
        if how.get("planned", True):
            self.plan(release)
        return release

    def plan(self, release: str, environment: str = "test") -> None:
        """Closes the plan stage as the stack does it, without Airflow."""
        run = Run(release, environment, PLAN, f"{release}.{environment}.{PLAN}.{time.time_ns()}", OPERATOR)
        direct.run_stage(direct.runtime(self.info, self.ledger, run, say=lambda line: None), STAGES[PLAN])

    def trigger(self, dag: str, release: str, environment: str = "test", person: str = REQUESTER, **conf: str) -> str:
        """Starts a run by its form's fields; its id."""
        run = f"{dag}-{release}-{environment}-{time.time_ns()}"
        return self.api(person).trigger(dag, run, release=release, environment=environment, **conf)

    def state(self, dag: str, run: str) -> str:
        return self.api("admin").state(dag, run)

    def wait(self, what: str, done: Callable[[], object]) -> None:
        """Polls until ``done`` gives something true."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, f"gave up waiting for {what}"
            time.sleep(0.25)

    def ended(self, dag: str, run: str) -> str:
        """Waits for the end of a run; its state."""
        self.wait(f"{dag} {run}", lambda: self.state(dag, run) in ENDED)
        return self.state(dag, run)

    def judged(self, dag: str, run: str) -> str:
        """Waits until a run that was marked by hand has done its teardowns too; its state."""
        over = (*ENDED, "upstream_failed", "skipped")
        self.wait(f"the verdict of {dag} {run}", lambda: self.tasks(dag, run).get("verdict") in over)
        return self.ended(dag, run)

    def question(self, release: str, kind: str | None = None) -> Asked:
        """Waits for the open question of a release (of one kind of its line)."""
        found: list[Asked] = []

        def look() -> bool:
            found[:] = [
                asked
                for asked in self.api("admin").questions()
                if release in asked.run and kind in (None, asked.task.rpartition(".")[2])
            ]
            return bool(found)

        self.wait(f"a question of {release}", look)
        return found[0]

    def sign(self, release: str, dag: str, run: str) -> str:
        """Answers every question of a release with yes until its run ends; the run's state."""

        def step() -> bool:
            self.answer_all(release)
            return self.state(dag, run) in ENDED

        self.wait(f"{dag} {run}", step)
        return self.state(dag, run)

    def answer_all(self, release: str) -> None:
        """Says yes to every open question of a release, as the first person that it names."""
        for asked in self.api("admin").questions():
            if release in asked.run and asked.people:
                self.api(asked.people[0]).answer(asked, asked.options[0])

    def tasks(self, dag: str, run: str) -> dict[str, str]:
        return self.api("admin").tasks(dag, run)

    def log(self, dag: str, run: str, task: str) -> str:
        """What a task said, in all its tries."""
        folder = self.info.home.airflow / "logs" / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task}"
        return "".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("attempt=*.log")))

    def events(self, release: str) -> tuple[Event, ...]:
        return self.ledger.read(release_stream(release))

    def standing(self, release: str, stage: str, environment: str = "test") -> StageStanding:
        """How the latest attempt of a stage stands. Raises ``KeyError`` before the first."""
        return fold_stages(self.events(release))[(environment, stage)]

    def version(self, environment: str = "test") -> str:
        """What the world gets from the balancer."""
        answer = httpx.get(f"{self.info.balancers[environment]}/health", timeout=20, trust_env=False)
        return str(answer.json()["version"])

    def serving(self, environment: str = "test") -> str:
        live = serving(self.ledger, environment)
        return live.data["release"] if live else "-"

    def take_back(self, release: str) -> None:
        """Whatever the test left: nothing of its release stays in force anywhere."""
        for environment in ("test", "production"):
            standings = [s for (where, _), s in fold_stages(self.events(release)).items() if where == environment]
            if any(s.state.value in ("open", "closed", "quarantined", "returned") for s in standings):
                run = Run(release, environment, ROLLBACK.name, f"cleanup-{time.time_ns()}", OPERATOR)
                here = direct.runtime(self.info, self.ledger, run, say=lambda line: None)
                open_stage(here)
                roll_back_release(here, "cleanup")
        direct.deliver(self.info, self.ledger, release)

    def close(self) -> None:
        for api in self._apis.values():
            api.__exit__(None, None, None)
        self.ledger.close()


@contextmanager
def live_stack() -> Iterator[Live]:
    """The whole stack in a home of its own, gone without a trace at the end."""
    home = Home(Path(subprocess.check_output(["mktemp", "-d", "--suffix=.golive"], text=True, timeout=10).strip()))
    try:
        info = lifecycle.up(home)
        prepare(info, print)
        live = Live(info, direct.open_ledger(info))
        try:
            yield live
        finally:
            live.close()
    finally:
        lifecycle.down(home)
        left = processes.sweep(home)
        shutil.rmtree(home.root, ignore_errors=True)
    assert left == []
