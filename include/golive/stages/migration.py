"""The migration stage: the schema is changed in place, and rows move while the old system goes on writing.

analyze → trial → (gate) → schema → load → compare → expectations

What the cutover does with it (``sync``: freeze, drain, verify, hand over) is a step of that stage.
"""

from collections.abc import Iterable

from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.release.plan import PlannedStep
from golive.stages.definition import Builder, Scope, StageDefinition, StepDefinition, the_release
from golive.stages.observe_migration import observe_expectations, observe_source
from golive.stages.observe_trial import observe_trial
from golive.stages.work import DatabaseStep, MigrationWork, Work


def changed_schema(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """The database whose schema the release changes, if it changes one."""
    ddl = manifest.migration.ddl
    return ((f"database:{ddl.database}", None),) if ddl else ()


def moved_rows(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """The database into which the release moves rows, if it moves any."""
    data = manifest.migration.data
    return ((f"database:{data.target}", None),) if data else ()


def _work(step: DatabaseStep) -> Builder:
    def build(_scope: Scope, _step: PlannedStep) -> Work:
        return MigrationWork(step)

    return build


MIGRATION = StageDefinition(
    "migration",
    (
        StepDefinition("analyze", the_release, observe=observe_source),
        StepDefinition("trial", the_release, observe=observe_trial),
        StepDefinition("schema", changed_schema, work=_work("schema"), undo=_work("schema_back"), migrates=True),
        StepDefinition("load", moved_rows, work=_work("load"), undo=_work("discard"), migrates=True),
        StepDefinition("compare", moved_rows, work=_work("compare"), migrates=True),
        StepDefinition("expectations", the_release, observe=observe_expectations),
    ),
)

SYNC = StepDefinition("sync", moved_rows, work=_work("sync"), undo=_work("come_back"), migrates=True)
"""The cutover's: after the traffic is held back, before the new version serves."""
