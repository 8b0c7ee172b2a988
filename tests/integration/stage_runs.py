"""Stages carried out on real hosts and databases without a scheduler, and what breaks them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil

from golive.ledger import Ledger
from golive.ledger.events import Event, release_stream
from golive.release.people import PLAN
from golive.secret import Secret
from golive.stages.api import (
    RollbackReport,
    close_stage,
    open_stage,
    roll_back_release,
    run_step,
    submit_environment,
    submit_release,
)
from golive.stages.catalogue import STAGES
from golive.stages.effects import Effect, fold_effects
from golive.stages.on_demand import ROLLBACK
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import StageStanding, fold_stages
from golive_stack import direct, example
from golive_stack.databases import example_name, legacy_name
from golive_stack.home import REPOSITORY
from golive_stack.info import Info
from golive_stack.state import State

OLD = "contact-center-1.0"
Edit = Callable[[str], str]


def silent(_line: str) -> None:
    return None


@dataclass
class Site:
    """The stack, its ledger, and the shorthand by which a test says what happens."""

    info: Info
    ledger: Ledger

    def submit(
        self, release: str, edit: Edit = str, variant: Any = None, version: Any = "2.0.0", whole: bool = False
    ) -> str:
        """The example's version under a release id of its own; ``edit`` changes the manifest's text. Only the
        ``whole`` release moves rows; the others change the schema alone."""
        folder = self.info.home.root / "releases" / release
        manifest = example.write_release(folder, version, variant)
        named = f"release: contact-center-{version.removesuffix('.0')}\n"
        text = manifest.read_text(encoding="utf-8").replace(named, f"release: {release}\n")
        manifest.write_text(edit(text if whole else example.without_rows(text)), encoding="utf-8")
        submit_release(self.ledger, manifest, "kim.release")
        return release

    def resubmit(self, release: str, edit: Edit, file: str = "release-2.0.yaml") -> None:
        """The next round: one file of the release changed."""
        folder = self.info.home.root / "releases" / release
        changed = folder / file
        changed.write_text(edit(changed.read_text(encoding="utf-8")), encoding="utf-8")
        submit_release(self.ledger, next(folder.glob("release-*.yaml")), "kim.release")

    def place(self, environment: str, edit: Edit = str) -> None:
        """Submits an environment file, changed by ``edit``."""
        text = self.info.environments[environment].read_text(encoding="utf-8")
        changed = self.info.home.root / f"{environment}-edited.yaml"
        changed.write_text(edit(text), encoding="utf-8")
        submit_environment(self.ledger, changed, "admin")

    def runtime(self, release: str, stage: str, name: str = "1", environment: str = "test", **more: Any) -> Runtime:
        run = Run(release, environment, stage, f"{release}.{environment}.{stage}.{name}", direct.OPERATOR)
        found = direct.runtime(self.info, self.ledger, run, silent)
        return replace(found, **more)

    def opened(self, release: str, stage: str, name: str = "1", environment: str = "test") -> Runtime:
        """Opened by a run of its own. The environment stage, where work begins, stands on a plan that was closed."""
        if stage == "environment":
            self.planned(release, environment)
        here = self.runtime(release, stage, name, environment)
        open_stage(here)
        return here

    def planned(self, release: str, environment: str = "test") -> None:
        """The plan stage, signed where somebody must sign it."""
        direct.run_stage(self.runtime(release, PLAN, str(time.time_ns()), environment), STAGES[PLAN])

    def until(self, release: str, stage: str, step: str, name: str = "1", environment: str = "test") -> Runtime:
        """Everything before ``step`` is done: earlier stages, and this one's steps with its gate."""
        for earlier in STAGES.values():
            here = self.runtime(release, earlier.name, name, environment)
            if earlier.name != stage:
                direct.run_stage(here, earlier)
                continue
            open_stage(here)
            self._steps(here, step)
            return here
        raise KeyError(stage)

    def _steps(self, here: Runtime, last: str) -> None:
        stage = STAGES[here.run.stage]
        for step in stage.steps:
            if step.name == stage.guarded:
                direct.sign_gate(here)
            if step.name == last:
                return
            run_step(here, step.name)

    def rest(self, here: Runtime, step: str) -> None:
        """``step`` and all after it, and the close."""
        names = [item.name for item in STAGES[here.run.stage].steps]
        for name in names[names.index(step) :]:
            run_step(here, name)
        close_stage(here)

    def live(self, release: str, environment: str = "test") -> None:
        direct.go_live(self.info, release, environment, silent, name=str(time.time_ns()))

    def roll_back(self, release: str, environment: str = "test", name: str = "back") -> RollbackReport:
        """On demand, to the end: confirmed by the old version's answer."""
        here = self.opened(release, ROLLBACK.name, f"{name}-{time.time_ns()}", environment)
        report = roll_back_release(here, "test")
        run_step(here, "confirm")
        close_stage(here)
        return report

    def events(self, release: str) -> tuple[Event, ...]:
        return self.ledger.read(release_stream(release))

    def kinds(self, release: str) -> list[str]:
        return [event.kind for event in self.events(release)]

    def standing(self, release: str, stage: str, environment: str = "test") -> StageStanding:
        return fold_stages(self.events(release))[(environment, stage)]

    def effect(self, release: str, key: str, environment: str = "test") -> Effect:
        return fold_effects(self.events(release), environment)[key]

    def version(self, environment: str = "test") -> str:
        """What the world gets from the balancer."""
        answer = httpx.get(f"{self.info.balancers[environment]}/health", timeout=20, trust_env=False)
        return str(answer.json()["version"])

    def page(self, environment: str = "test") -> str:
        return self.info.balancers[environment]

    def host(self, environment: str = "test", name: str = "app1") -> Path:
        return self.info.home.host(environment, name) / "home"

    def operation(self, effect: Effect) -> Path:
        """Where an effect lies on the host of the test environment."""
        return self.host() / ".golive" / "operations" / effect.operation

    def worker(self, here: Runtime, step: str, mode: str) -> "subprocess.Popen[bytes]":
        """A process of its own that carries out a step and dies or stops at the point that ``mode`` names."""
        place = (str(self.info.home.root), here.run.release, here.run.stage, here.run.run_id, step, mode)
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "include")}
        return subprocess.Popen(
            (sys.executable, str(Path(__file__).with_name("stage_worker.py")), *place),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def wait_for(what: str, done: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(0.01)


def stopped(process: "subprocess.Popen[bytes]") -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def killed(process: "subprocess.Popen[bytes]") -> bool:
    """Waits for a process that kills itself."""
    process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def legacy_url(info: Info, environment: str) -> Secret:
    name, word = legacy_name(environment), State(info.home.state).password(f"legacy/{environment}")
    return info.postgres.url(name, name, word)


def new_url(info: Info, environment: str) -> Secret:
    name, word = example_name(environment), State(info.home.state).password(f"database/{environment}")
    return info.postgres.url(name, name, word)
