"""A release of the example as values, and its record as a list: decisions are pure, so most tests need no database."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from golive.approvals.decisions import decide_answer, decide_ask
from golive.approvals.line import line_for
from golive.approvals.standing import Vote
from golive.ledger.events import Decide, Event, release_stream
from golive.release.manifest import files_of
from golive.release.people import PLAN
from golive.release.plan import Plan
from golive.stages.admission import Admission, gate_of
from golive.stages.catalogue import STAGES
from golive.stages.effects import Effects, fold_effects
from golive.stages.layout import Placement
from golive.stages.planning import make_plan
from golive.stages.promotion import artifacts_of
from golive.stages.runtime import Run
from golive.stages.standing import fold_stages
from golive.stages.subject import Subject
from tests.domain.release.example import environment, manifest

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RELEASE = "contact-center-2.0"
MANIFEST, INVENTORY, ARTIFACT, BUNDLE, TREE = (f"sha256:{letter * 64}" for letter in "abcde")
PLACEMENT = Placement(RELEASE, "api", "2.0.0", ARTIFACT, BUNDLE, 1234, TREE)
FILES = {path.as_posix(): f"sha256:{'f' * 64}" for path in files_of(manifest()) if path.parts[0] != "build"}


@cache
def subject(*changes: tuple[str, str]) -> Subject:
    """The example in production, with changes to its manifest."""
    return Subject(
        manifest=manifest(*changes),
        manifest_digest=MANIFEST,
        round=1,
        submitter="kim.release",
        files=FILES,
        placements={"api": PLACEMENT},
        environment=environment(),
        environment_digest=INVENTORY,
    )


def plan_for(what: Subject) -> Plan:
    return make_plan(what.manifest, what.environment, what.manifest_digest, what.environment_digest, files=what.files)


def run(stage: str = "environment", run_id: str = "r1") -> Run:
    return Run(RELEASE, "production", stage, run_id, "lee.operator")


class Record:
    """Events in a list, under a clock that the test moves."""

    def __init__(self, what: Subject | None = None) -> None:
        self.subject = what or subject()
        self.plan = plan_for(self.subject)
        self.events: list[Event] = []
        self.now = START

    def append(self, decide: Decide) -> list[Event]:
        return [self.add(new.kind, new.actor, **new.data) for new in decide(tuple(self.events), self.now)]

    def add(self, kind: str, actor: str = "golive", /, **data: Any) -> Event:
        event = Event(release_stream(RELEASE), len(self.events) + 1, kind, data, actor, self.now, "")
        self.events.append(event)
        return event

    def promote(self) -> None:
        """The release stands live in the environment before production, and its plan is signed there."""
        artifacts = artifacts_of(self.subject.manifest)
        self.add("release.live", environment="test", plan=self.plan.digest, artifacts=artifacts)
        planned(self)

    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def open(self, stage: str = "environment", run_id: str = "r1", **other: Any) -> None:
        before = fold_stages(self.events).get(("production", stage))
        data = {
            "environment": "production",
            "stage": stage,
            "attempt": before.attempt + 1 if before else 1,
            "run_id": run_id,
            "parent_run_id": None,
            "requester": "lee.operator",
            "requesters": ["lee.operator", "kim.release"],
            "manifest": MANIFEST,
            "plan": self.plan.digest,
        }
        self.add("stage.opened", **{**data, **other})

    def end(self, stage: str, how: str) -> None:
        attempt = fold_stages(self.events)[("production", stage)].attempt
        self.add(f"stage.{how}", environment="production", stage=stage, attempt=attempt)

    def fact(self, name: str, verdict: str = "pass", stage: str = "environment") -> None:
        attempt = fold_stages(self.events)[("production", stage)].attempt
        where = {"environment": "production", "stage": stage, "attempt": attempt}
        self.add("fact.recorded", **where, name=name, verdict=verdict, evidence=TREE, detail="")

    def sign(self, stage: str = "environment", word: str = "approve") -> None:
        """The whole line answers ``word``, by the first who may."""
        here = run(stage)
        gate, line = gate_of(fold_stages(self.events)[("production", stage)], self.subject.manifest, here)
        excluded = fold_stages(self.events)[("production", stage)].requesters
        for step in (line_for(self.subject.manifest, stage, "production") or line).steps:
            self.append(decide_ask(gate, line, excluded, step.kind, TREE, "Gate"))
            vote = Vote(step.kind, step.left(excluded)[0], word, "a reason" if word != "approve" else "")
            self.append(decide_answer(gate, line, excluded, vote, "test"))

    def admission(self, step: str, stage: str = "environment", run_id: str = "r1") -> Admission:
        steps = tuple(self.plan.of(stage, step))
        return Admission(run(stage, run_id), self.subject, self.plan, steps, {item.target: 7 for item in steps})

    def intend(self, step: str, stage: str = "environment", run_id: str = "r1") -> list[str]:
        """The operations that a step was admitted to. Raises what forbids it."""
        written = self.append(self.admission(step, stage, run_id).decide)
        return [event.data["operation"] for event in written]

    def record(self, step: str, outcome: str = "in_force", stage: str = "environment") -> None:
        """The outcome of every instance of a step."""
        for item in self.plan.of(stage, step):
            operation = self.effects[item.key].operation
            self.add("effect.recorded", environment="production", operation=operation, outcome=outcome, detail="")

    def undo(self, step: str, outcome: str | None = "undone", stage: str = "environment") -> None:
        for item in self.plan.of(stage, step):
            data = {"environment": "production", "operation": "u" * 32, "undoes": self.effects[item.key].operation}
            self.add("undo.intended", **data, token=9, run_id="r1")
            if outcome is not None:
                self.add("undo.recorded", **data, outcome=outcome, detail="")

    def done(self, *steps: str, stage: str = "environment") -> None:
        for step in steps:
            self.intend(step, stage)
            self.record(step, stage=stage)

    @property
    def effects(self) -> Effects:
        return fold_effects(self.events, "production")


def planned(record: Record) -> Record:
    """The plan stage closed, its change requests signed."""
    record.open(PLAN)
    for step in STAGES[PLAN].steps:
        record.fact(step.name, stage=PLAN)
    record.sign(PLAN)
    record.end(PLAN, "closed")
    return record


def begun(record: Record) -> Record:
    """The environment stage open, its facts known, its gate signed."""
    record.open()
    record.fact("facts")
    record.sign()
    return record
