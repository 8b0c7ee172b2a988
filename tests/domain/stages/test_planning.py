"""A plan is a pure function: the same in, the same out, and each step depends on just what its result depends on."""

import pytest

from golive.release.environment import Environment
from golive.release.plan import Plan, plan_from_data
from golive.stages.catalogue import STAGES
from golive.stages.planning import make_plan
from golive.texts import text
from tests.domain.release.example import MANIFEST as MANIFEST_TEXT
from tests.domain.release.example import WITHOUT_MIGRATION, environment, manifest
from tests.domain.stages.history import FILES, INVENTORY, MANIFEST

OTHER = f"sha256:{'0' * 64}"
MAPPING = "migration/mapping.yaml"
MIGRATES = {"migration.schema", "migration.load", "migration.compare", "cutover.sync"}
DONE_TO_DATABASES = {"environment.databases", "environment.backup", "environment.restore_check"}


def plan(*changes: tuple[str, str], place: Environment | None = None, **more: object) -> Plan:
    given = {"files": FILES, **more}
    return make_plan(manifest(*changes), place or environment(), MANIFEST, INVENTORY, **given)  # type: ignore[arg-type]


def differing(before: Plan, after: Plan) -> set[str]:
    """The steps whose inputs differ, as ``stage.step``."""
    known = {step.key: step.inputs for step in before.steps}
    return {f"{step.stage}.{step.step}" for step in after.steps if known.get(step.key) != step.inputs}


def test_the_same_submission_is_the_same_plan() -> None:
    """Equal by value and by digest, and again after it went through the ledger as data."""
    assert plan() == plan()
    assert plan().digest == plan_from_data(plan().as_data()).digest


def test_every_step_is_there_once_on_every_target_in_the_order_of_the_stages() -> None:
    """One row for each host and component, for each database, for each balancer."""
    keys = [step.key for step in plan().steps]
    assert len(keys) == len(set(keys))
    assert [key for key in keys if key.startswith("cutover.")] == [
        "cutover.readiness/release",
        "cutover.drain/host:lb1/api",
        "cutover.sync/database:main",
        *(f"cutover.switch/host:app{number}/api" for number in (1, 2, 3)),
        "cutover.admit/host:lb1/api",
        "cutover.smoke/release",
    ]
    order = list(dict.fromkeys(step.stage for step in plan().steps))
    assert order == list(STAGES)


def test_what_serves_shows_in_the_words_and_not_in_the_inputs() -> None:
    """The version that is replaced is part of what people sign, not of what a step depends on."""
    before, after = plan(current={"api": "1.0.0"}), plan(current={"api": "1.1.0"})
    assert before.digest != after.digest
    assert differing(before, after) == set()


ABOUT_THE_RELEASE = {
    *("plan.changes", "plan.difference", "plan.reach", "plan.schedule"),
    *("environment.facts", "environment.monitoring", "install.verify"),
    *("migration.analyze", "migration.trial", "migration.expectations"),
    *("cutover.readiness", "cutover.smoke"),
}


def test_a_changed_title_touches_only_what_is_about_the_release() -> None:
    """The manifest's digest is an input of no step on a host or database."""
    after = make_plan(manifest(), environment(), OTHER, INVENTORY, files=FILES)
    assert differing(plan(), after) == ABOUT_THE_RELEASE


@pytest.mark.parametrize(
    "changes",
    [
        [("version: 2.0.0\n    artifact", "version: 2.0.1\n    artifact")],
        [("stop_seconds: 10", "stop_seconds: 11")],
        [("drain_seconds: 10", "drain_seconds: 11")],
    ],
)
def test_a_changed_component_touches_its_hosts_and_its_balancer(changes: list[tuple[str, str]]) -> None:
    """Databases stay as they are."""
    found = differing(plan(), plan(*changes))
    assert {"install.unpack", "install.configure", "cutover.switch", "cutover.admit"} <= found
    assert not {name for name in found if name.endswith(("databases", "backup", "restore_check"))}


def test_a_changed_template_is_a_changed_component() -> None:
    """Its content counts, though the manifest names only its file."""
    found = differing(plan(), plan(files={**FILES, "templates/app.conf.template": OTHER}))
    assert "install.configure" in found
    assert not {"environment.databases", *MIGRATES} & found


@pytest.mark.parametrize("file", ["migration/0001_tables.up.sql", "migration/0001_tables.down.sql", MAPPING])
def test_a_changed_script_or_mapping_touches_only_what_migrates(file: str) -> None:
    """Its content counts, though the manifest names only its file; hosts and balancers stay as they are."""
    assert differing(plan(), plan(files={**FILES, file: OTHER})) == MIGRATES


def test_a_changed_migration_touches_only_what_migrates() -> None:
    """How rows move is an input of every step that moves or compares them."""
    assert differing(plan(), plan(("flow_back_hours: 72", "flow_back_hours: 71"))) == MIGRATES


@pytest.mark.parametrize("name", ["main", "legacy"])
def test_a_changed_database_touches_only_what_is_done_to_it(name: str) -> None:
    """Whatever is done to either end of the migration depends on both."""
    old = f"role: contact_center{'_legacy' if name == 'legacy' else ''}, host: app1, backup_keep: 7"
    after = plan(place=environment((old, old.replace("7", "9"))))
    assert differing(plan(), after) == DONE_TO_DATABASES | MIGRATES
    before = {step.key: step.inputs for step in plan().steps}
    touched = {step.target for step in after.steps if before[step.key] != step.inputs and step.stage == "environment"}
    assert touched == {f"database:{name}"}


def test_a_changed_window_or_approval_line_touches_nothing() -> None:
    assert differing(plan(), plan(("within_hours: 24", "within_hours: 48"))) == set()


def test_an_environment_needs_neither_tools_nor_balancers_nor_databases_to_be_planned() -> None:
    """What an environment leaves out is left out of the plan, where the release needs none of it."""
    bare = environment()
    bare = bare.model_copy(update={"balancers": {}, "databases": {}, "tools": {}, "variables": {}})
    steps = {f"{step.stage}.{step.step}" for step in plan(WITHOUT_MIGRATION, place=bare).steps}
    assert "cutover.switch" in steps
    assert not {"cutover.drain", "environment.databases", *MIGRATES} & steps


def test_a_release_that_leaves_databases_alone_migrates_nothing() -> None:
    """Without a migration no step changes, fills or compares a database; with scripts alone only the schema changes."""
    steps = {f"{step.stage}.{step.step}" for step in plan(WITHOUT_MIGRATION).steps}
    assert not MIGRATES & steps
    rows = MANIFEST_TEXT.partition("  data: ")[2].partition("\n\n")[0]
    only = {f"{step.stage}.{step.step}" for step in plan((f"  data: {rows}\n", "")).steps}
    assert MIGRATES & only == {"migration.schema"}


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_every_step_and_every_compensation_has_words(locale: str) -> None:
    """In both languages, with the same placeholders."""
    for stage in STAGES.values():
        for step in stage.steps:
            words = {"component": "api", "version": "2", "before": "1"}
            assert text(f"steps.{stage.name}_{step.name}", locale, **words)
            if step.undo is not None:
                assert text(f"steps.undo_{stage.name}_{step.name}", locale, before="1")
