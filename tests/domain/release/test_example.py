import pytest

from golive.canonical import canonical
from golive.release.environment import environment_from_data, load_environment
from golive.release.errors import FilesMismatch
from golive.release.fit import check_fit
from golive.release.manifest import files_of, load_manifest, manifest_from_data
from golive.release.schema import DEFAULT_FOLDER, MODELS, schema_text
from tests.domain.release.example import (
    ENVIRONMENT_FILE,
    FOLDER,
    MANIFEST_FILE,
    ROOT,
    WITHOUT_MIGRATION,
    environment,
    manifest,
)

SECOND_CHANGE = """  - id: CSR-2026-0121
    title: 상담원 상태 실시간 표시
    requester: han.lead
    owner: kim.release
    effort_hours: 64
    source_revisions: [git:9d20e7c]
    test_report: TR-2026-0121
    risk: low
    services: [api]
    metadata: []
    approval: {technical: park.infra, business: jung.owner}
"""

MIGRATION_FILES = (
    "migration/0001_tables.down.sql",
    "migration/0001_tables.up.sql",
    "migration/0002_newest_first.down.sql",
    "migration/0002_newest_first.up.sql",
    "migration/mapping.yaml",
)


def given_files():
    release = manifest()
    artifact = release.components["api"].artifact
    beside = dict.fromkeys(("templates/app.conf.template", *MIGRATION_FILES), "sha256:" + "1" * 64)
    return {artifact.file: artifact.digest, **beside}


@pytest.mark.parametrize("release", sorted(FOLDER.glob("release-*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("place", sorted(FOLDER.glob("environments/*.yaml")), ids=lambda path: path.stem)
def test_the_documented_example_is_valid(release, place):
    """Every example release loads with its templates and fits every example environment."""
    check_fit(load_manifest(release), load_environment(place))


def test_a_manifest_comes_back_from_what_is_stored():
    """What as_data gives is canonical, and its inverse is the same manifest with the same digest."""
    release = load_manifest(MANIFEST_FILE)
    canonical(release.as_data())
    again = manifest_from_data(release.as_data())
    assert again == release
    assert again.digest(given_files()) == release.digest(given_files())


def test_an_environment_comes_back_from_what_is_stored():
    """The environment survives storing, with its digest and its pinned host keys."""
    place = load_environment(ENVIRONMENT_FILE)
    again = environment_from_data(place.as_data())
    assert (again, again.digest) == (place, place.digest)
    assert again.hosts["app1"].host_key.startswith("ssh-ed25519 AAAA")


def test_dropping_a_change_request_makes_a_new_digest():
    """A release with one change request fewer is another release to an approver."""
    assert manifest((SECOND_CHANGE, "")).digest(given_files()) != manifest().digest(given_files())


@pytest.mark.parametrize("file", ["templates/app.conf.template", *MIGRATION_FILES])
def test_a_changed_file_makes_a_new_digest(file):
    """The digest covers the files that the manifest refers to."""
    other = {**given_files(), file: "sha256:" + "2" * 64}
    assert manifest().digest(other) != manifest().digest(given_files())


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.pop("templates/app.conf.template"),
        lambda files: files.pop("migration/0001_tables.down.sql"),
        lambda files: files.pop("migration/mapping.yaml"),
        lambda files: files.update(stray="sha256:" + "3" * 64),
        lambda files: files.update({"build/contact-center-api-2.0.0.tar.gz": "sha256:" + "4" * 64}),
    ],
    ids=["missing", "no way back", "no mapping", "unknown", "changed artifact"],
)
def test_a_digest_needs_exactly_the_files_that_are_named(change):
    """A missing file, a stray file and an artifact that is not the named one are refused."""
    files = given_files()
    change(files)
    with pytest.raises(FilesMismatch):
        manifest().digest(files)


def test_a_default_that_is_written_out_changes_no_digest():
    """What a value means is digested, not whether it was written."""
    assert manifest(("attempts: 40, ", "")).digest(given_files()) == manifest().digest(given_files())


def test_a_default_is_not_stored():
    """What equals its default is left out, so that a key added to the format later changes no stored digest."""
    service = manifest().as_data()["components"]["api"]["service"]
    assert "attempts" not in service["health"]
    assert "status" not in service["health"]


def test_the_layout_of_the_file_changes_no_digest():
    """Comments, quotes and a byte-order mark are not content."""
    same = manifest(("# 고객상담센터 2.0", "\ufeff# other"), ("locale: ko", 'locale: "ko"'))
    assert same.digest(given_files()) == manifest().digest(given_files())


def test_files_of_names_every_file_once():
    """The artifact, the templates, the scripts and the mapping, relative to the manifest's folder."""
    names = [path.as_posix() for path in files_of(manifest())]
    assert names == ["build/contact-center-api-2.0.0.tar.gz", *MIGRATION_FILES, "templates/app.conf.template"]


def test_who_may_answer_excludes_the_drafter():
    """A drafter who holds the role of a step is not among those who may answer it."""
    release = manifest(("roles: [release_manager]", "roles: [release_manager, quality]"))
    line = release.line_for("test", "install")
    assert line is not None
    assert release.people_with("quality") == ("choi.quality", "kim.release")
    assert release.eligible(line.steps[0]) == ("choi.quality",)


def test_a_change_names_who_must_sign_it():
    """A person, or a role whoever holds it, without the drafter, the requester and the owner; a role is the default."""
    release = manifest(
        ("roles: [quality]", "roles: [quality, change_business]"),
        ("requester: han.lead", "requester: choi.quality"),
        ("approval: {technical: park.infra, business: jung.owner}", "approval: {business: jung.owner}"),
        (
            "role: change_business, quorum: 1, within_hours: 24}\n\nwin",
            "role: change_business, quorum: 2, within_hours: 24}\n\nwin",
        ),
    )
    first, second = release.changes
    assert release.signers(first, "technical") == release.signers(second, "technical") == ("park.infra",)
    assert release.signers(first, "business") == ("jung.owner",)
    assert release.people_with("change_business") == ("choi.quality", "jung.owner")


def test_only_the_last_environment_needs_somebody_to_sign_the_plan():
    """And only while there is a change request to be signed."""
    release = manifest()
    assert [release.needs_line(name, "plan") for name in release.path] == [False, True]
    assert not release.model_copy(update={"changes": ()}).needs_line("production", "plan")


def test_only_a_release_that_changes_databases_needs_somebody_to_sign_the_migration():
    """In every environment of its path."""
    release, other = manifest(), manifest(WITHOUT_MIGRATION)
    assert [release.needs_line(name, "migration") for name in release.path] == [True, True]
    assert [other.needs_line(name, "migration") for name in other.path] == [False, False]


def test_the_databases_of_a_migration_are_named_once():
    """The one whose schema changes and both between which rows move."""
    assert manifest().migration.databases == ("legacy", "main")
    assert manifest(WITHOUT_MIGRATION).migration.databases == ()


def test_the_path_tells_what_comes_before():
    """Production is the last environment, and test must be passed before it."""
    release = manifest()
    assert (release.production, release.before("production"), release.before("test")) == ("production", "test", None)


def test_hosts_are_found_by_role():
    """Hosts of a role come in the order of the file."""
    assert environment().hosts_with_role("app") == ("app1", "app2", "app3")
    assert environment().hosts_with_role("nothing") == ()


def test_a_hosts_own_variables_stand_first():
    """Where hosts share an address, each has its own port."""
    place = environment()
    assert place.variables_on("app2")["api_port"] == "18090"
    assert place.variables_on("app2")["database_port"] == "5432"


def test_a_secret_names_a_connection():
    """A reference is either a connection's id or stands for a database's connection."""
    assert environment().connection_of("database/main") == "golive_production_main"
    assert environment().connection_of("vault_token") == "vault_token"


@pytest.mark.parametrize("name", MODELS)
def test_the_published_schema_is_the_generated_one(name):
    """Editors check files against what the reader really accepts."""
    published = (ROOT / DEFAULT_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(name), "run: python -m golive.release.schema"
