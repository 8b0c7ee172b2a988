"""The approval line of a stage, read from the manifest."""

from golive.approvals.values import Kind, Line, LineStep
from golive.release.manifest import Manifest
from golive.release.people import ApprovalStep


def line_for(manifest: Manifest, stage: str, environment: str) -> Line | None:
    """The first line of the manifest that names the stage and the environment, None when no line does.

    Everyone with the step's role is named here, the drafter too: who is excluded is decided when the gate is asked,
    since it also depends on who started the run. Raises ``LineInvalid``.
    """
    approval = manifest.line_for(environment, stage)
    return Line(tuple(_step(manifest, step) for step in approval.steps)) if approval else None


def _step(manifest: Manifest, step: ApprovalStep) -> LineStep:
    people = manifest.people_with(step.role)
    return LineStep(Kind(step.kind), step.role, step.quorum, people, step.within_hours, step.valid_hours)
