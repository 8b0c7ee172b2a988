"""The plan stage: what the release would do here is looked at, and its change requests are signed.

changes → difference → reach → schedule → (gate)
"""

from golive.release.people import PLAN
from golive.stages.definition import StageDefinition, StepDefinition, the_release
from golive.stages.observe_plan import observe_changes, observe_difference, observe_reach, observe_schedule

PLANNING = StageDefinition(
    PLAN,
    (
        StepDefinition("changes", the_release, observe=observe_changes),
        StepDefinition("difference", the_release, observe=observe_difference),
        StepDefinition("reach", the_release, observe=observe_reach),
        StepDefinition("schedule", the_release, observe=observe_schedule),
    ),
)
