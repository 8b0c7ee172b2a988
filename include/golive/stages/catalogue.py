"""The stages of this release of Golive, in the order of a release. A new stage is a module and a row here."""

from collections.abc import Mapping

from golive.stages.cutover import CUTOVER
from golive.stages.definition import StageDefinition, StepDefinition
from golive.stages.environment import ENVIRONMENT
from golive.stages.errors import UnknownStep
from golive.stages.install import INSTALL
from golive.stages.migration import MIGRATION
from golive.stages.on_demand import ROLLBACK
from golive.stages.plan import PLANNING

STAGES: Mapping[str, StageDefinition] = {
    stage.name: stage for stage in (PLANNING, ENVIRONMENT, INSTALL, MIGRATION, CUTOVER)
}

WHOLE = "release"
"""The run that goes through all stages; it has no steps of its own."""

OUTSIDE: Mapping[str, StageDefinition] = {WHOLE: StageDefinition(WHOLE, ()), ROLLBACK.name: ROLLBACK}
"""What is opened and closed like a stage, but is not part of a plan."""

REPEATABLE = frozenset({ROLLBACK.name})
"""Each run of these is an attempt of its own, also after one that was closed."""

LAST = "cutover"
"""The stage whose end makes the release live."""


def stage_definition(stage: str) -> StageDefinition:
    """A stage, of the plan or outside it. Raises ``UnknownStep``."""
    found = STAGES.get(stage) or OUTSIDE.get(stage)
    if found is None:
        raise UnknownStep(stage=stage, step="-", known=", ".join((*STAGES, *OUTSIDE)))
    return found


def step_definition(stage: str, step: str) -> StepDefinition:
    """The definition of a step. Raises ``UnknownStep``."""
    definition = stage_definition(stage)
    for found in definition.steps:
        if found.name == step:
            return found
    raise UnknownStep(stage=stage, step=step, known=", ".join(item.name for item in definition.steps))
