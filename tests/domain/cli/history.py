"""A history as the stages write it: two releases, one that serves and one that waits."""

from pathlib import Path

from golive.ledger import Ledger, NewEvent
from golive.ledger.events import environment_stream, release_stream
from golive.release.people import PLAN
from golive.release.plan import Plan
from golive.stages.api import ask, close_stage, open_stage, run_step, submit_environment, submit_release
from golive.stages.catalogue import STAGES
from golive.stages.live import went_live
from golive.stages.runtime import Run, Runtime
from golive.stages.standing import last
from golive.stages.subject import load_subject, plan_of
from golive_stack.example import EXAMPLE, write_release

OLD, NEW = "contact-center-1.0", "contact-center-2.0"


def tell(ledger: Ledger, folder: Path) -> None:
    """1.0 serves in production; 2.0 waits for approval in test, with an effect and an incident open."""
    submit(ledger, folder)
    serve(ledger, OLD, "production")
    wait(ledger, NEW, "test")
    leave_open(ledger, NEW, "test")


def submit(ledger: Ledger, folder: Path) -> None:
    """Both environments and both releases of the example."""
    for name in ("test", "production"):
        submit_environment(ledger, EXAMPLE / "environments" / f"{name}.yaml", "lee.operator")
    submit_release(ledger, write_release(folder / "old", "1.0.0"), "kim.release")
    submit_release(ledger, write_release(folder / "new", "2.0.0"), "kim.release")


def planned(ledger: Ledger, release: str, environment: str) -> Plan:
    return plan_of(ledger, load_subject(ledger, release, environment))


def serve(ledger: Ledger, release: str, environment: str) -> None:
    """The release is live in the environment, by its record."""
    subject, plan = load_subject(ledger, release, environment), planned(ledger, release, environment)
    made = last(ledger.read(release_stream(release)), "release.planned", environment=environment)
    components = {"api": {"version": release.rpartition("-")[2] + ".0"}}
    identity = {"release": release, "manifest": subject.manifest_digest, "inventory": subject.environment_digest}
    content = {"plan": plan.digest, "plan_content": made.data["content"], "components": components}
    went_live(ledger, environment, {**identity, **content})


def wait(ledger: Ledger, release: str, environment: str) -> None:
    """Planned, the environment stage is open and its approval was asked for."""
    planning = stage(ledger, release, environment, PLAN)
    open_stage(planning)
    for step in STAGES[PLAN].steps:
        run_step(planning, step.name)
    close_stage(planning)
    waiting = stage(ledger, release, environment, "environment")
    open_stage(waiting)
    ask(waiting, "decide")


def stage(ledger: Ledger, release: str, environment: str, name: str) -> Runtime:
    run = Run(release, environment, name, "manual-1", "lee.operator")
    return Runtime(ledger, run, connections={}.__getitem__, say=lambda line: None)


def leave_open(ledger: Ledger, release: str, environment: str) -> None:
    """An effect was begun and nothing is known of its end; and an incident is open."""
    step = next(step for step in planned(ledger, release, environment).steps if step.effect)
    names = ("stage", "step", "target", "component", "inputs", "key")
    data = {name: getattr(step, name) for name in names}
    more = {"operation": "0" * 32, "generation": 1, "attempt": 1, "token": 1, "manifest": "", "inventory": ""}
    effect = {**data, **more, "environment": environment, "run_id": "manual-1"}
    incident = {"environment": environment, "incident": "night-1", "title": "nightly\x1b[2J", "priority": "P2"}
    ledger.record(release_stream(release), NewEvent("effect.intended", effect))
    ledger.record(environment_stream(environment), NewEvent("incident.opened", incident))
