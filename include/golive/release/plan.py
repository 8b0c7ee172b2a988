"""A plan as a value: what a release will do to an environment, step by step, before anything is done."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from golive.canonical import Digest, digest


@dataclass(frozen=True)
class PlannedStep:
    """One step on one target.

    ``inputs`` is the digest of everything that the step's result depends on: where it is the same in a later round, an
    effect that is in force stays. ``target`` is ``host:NAME``, ``database:NAME`` or ``release``. ``changes`` is what a
    person reads; ``compensation`` says what undoes it, None when it changes nothing or cannot be undone.
    """

    stage: str
    step: str
    target: str
    component: str | None
    effect: bool
    changes: str
    compensation: str | None
    reversible: bool
    inputs: Digest = ""

    @property
    def key(self) -> str:
        """The step's name within a release and environment: ``stage.step/target[/component]``."""
        tail = f"/{self.component}" if self.component else ""
        return f"{self.stage}.{self.step}/{self.target}{tail}"


@dataclass(frozen=True)
class Plan:
    """The ordered steps of all stages. ``digest`` binds manifest, environment and steps together."""

    release: str
    environment: str
    manifest_digest: Digest
    environment_digest: Digest
    steps: tuple[PlannedStep, ...]

    @property
    def digest(self) -> Digest:
        return digest(self.as_data())

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, stage: str, step: str | None = None) -> Iterator[PlannedStep]:
        """The steps of a stage, or the instances of one of its steps, in order."""
        return (item for item in self.steps if item.stage == stage and step in (None, item.step))


def plan_from_data(data: dict[str, Any]) -> Plan:
    """The inverse of ``Plan.as_data``."""
    return Plan(**{**data, "steps": tuple(PlannedStep(**step) for step in data["steps"])})
