import pytest

from tests.domain.release.example import MANIFEST, keys, manifest, problems_of, spoiled

REFUSED = {
    "a drafter nobody knows": (("drafter: kim.release ", "drafter: someone "), "drafter", "unknown_person"),
    "a party nobody knows": (("party: customer", "party: nobody"), "people.han.lead.party", "unknown_party"),
    "a requester nobody knows": (("requester: han.lead", "requester: x"), "changes[0].requester", "unknown_person"),
    "an owner nobody knows": (("owner: kim.release", "owner: x"), "changes[0].owner", "unknown_person"),
    "a service nobody knows": (("services: [api]", "services: [web]"), "changes[0].services[0]", "unknown_component"),
    "a training owner": (("owner: han.lead, required", "owner: x, required"), "training[0].owner", "unknown_person"),
    "a readiness owner": (("owner: park.infra}", "owner: x}"), "readiness[0].owner", "unknown_person"),
    "a rollback owner": (("owner: lee.operator", "owner: x"), "rollback.owner", "unknown_person"),
    "a role of nobody": (
        ("decide, role: quality", "decide, role: none"),
        "approvals[0].steps[0].role",
        "role_of_nobody",
    ),
    "an escalation to nobody": (
        ("level: 1, role: operator", "level: 1, role: none"),
        "hypercare.escalation[0].role",
        "role_of_nobody",
    ),
    "a signer nobody knows": (
        ("technical: park.infra", "technical: park.infa"),
        "changes[0].approval.technical",
        "unknown_signer",
    ),
    "a signer who requested it": (
        ("technical: park.infra", "technical: han.lead"),
        "changes[0].approval.technical",
        "signs_own_change",
    ),
    "a signer who drafted and owns it": (
        ("business: change_business", "business: kim.release"),
        "changes[0].approval.business",
        "signs_own_change",
    ),
    "a role that only the requester has": (
        ("technical: park.infra", "technical: operations_lead"),
        "changes[0].approval.technical",
        "signs_own_change",
    ),
    "one signer for both sides": (
        ("business: change_business", "business: park.infra"),
        "changes[0].approval",
        "one_signer_for_both",
    ),
    "a signer whom nobody asks": (
        ("technical: park.infra", "technical: choi.quality"),
        "changes[0].approval.technical",
        "line_without_signer",
    ),
    "a line that others could grant": (
        ("roles: [quality]", "roles: [quality, change_technical]"),
        "changes[0].approval.technical",
        "line_without_signer",
    ),
    "a plan that nobody signs": (
        ("stages: [plan] ", "stages: [review] "),
        "approvals",
        "no_approval_line",
    ),
    "a stage without a line": (
        ("stages: [environment, install, migration, cutover]", "stages: [environment, install, migration]"),
        "approvals",
        "no_approval_line",
    ),
    "a migration without a line": (
        ("stages: [environment, install, migration, cutover]", "stages: [environment, install, cutover]"),
        "approvals",
        "no_approval_line",
    ),
    "a line off the path": (
        ("environments: [test]", "environments: [test, stage]"),
        "approvals[0].environments[1]",
        "not_on_path",
    ),
    "a window off the path": (
        ("{environment: production, stages", "{environment: stage, stages"),
        "windows[0].environment",
        "not_on_path",
    ),
    "an order turned round": (
        ("{kind: review, role: change_technical", "{kind: decide, role: change_technical"),
        "approvals[2].steps",
        "line_order",
    ),
    "a line without a decision": (
        ("{kind: decide, role: quality", "{kind: agree, role: quality"),
        "approvals[0].steps",
        "line_without_decision",
    ),
    "a quorum of nobody": (
        ("role: quality, quorum: 1", "role: quality, quorum: 0"),
        "approvals[0].steps[0].quorum",
        "below_minimum",
    ),
    "a quorum of too many": (
        ("role: quality, quorum: 1", "role: quality, quorum: 2"),
        "approvals[0].steps[0].quorum",
        "quorum_too_high",
    ),
    "a quorum of the drafter": (
        ("{kind: decide, role: quality", "{kind: decide, role: release_manager"),
        "approvals[0].steps[0].quorum",
        "quorum_too_high",
    ),
    "a path of one": (("path: [test, production]", "path: [production]"), "path", "too_few"),
    "a path in a circle": (("path: [test, production]", "path: [test, production, test]"), "path", "named_twice"),
    "a window that closes first": (("2027-12-31T23:59:00", "2025-12-31T23:59:00"), "windows[0]", "window_order"),
    "a day that never is": (("2026-01-01T00:00:00", "2026-02-29T00:00:00"), "windows[0].opens", "no_such_moment"),
    "a year beyond all": (("2027-12-31T23:59:00", "294276-12-31T23:59:00"), "windows[0].closes", "shape_moment"),
    "a window for ever": (("2027-12-31T23:59:00", "infinity"), "windows[0].closes", "shape_moment"),
    "a date before our era": (("2026-01-01T00:00:00", "0001-01-01 BC"), "windows[0].opens", "shape_moment"),
    "a cyclic stage": (("stages: [cutover]", "stages: [cutover, rollback]"), "approvals[2].stages[1]", "not_a_choice"),
    "a change named twice": (("CSR-2026-0121", "CSR-2026-0117"), "changes[1].id", "named_twice"),
    "a check named twice": (("name: consultations", "name: home_page"), "checks[1].name", "named_twice"),
    "a variable named twice": (
        ("variables: [environment_title,", "variables: [database_host,"),
        "components.api.variables",
        "named_twice",
    ),
    "a secret that is a variable": (
        ("variables: [environment_title,", "variables: [environment_title, database_password,"),
        "components.api.secrets.database_password",
        "secret_is_variable",
    ),
    "two templates, one target": (
        ('mode: "0640"}', 'mode: "0640"}\n      - {source: templates/b, target: etc/app.conf, mode: "0600"}'),
        "components.api.templates[1].target",
        "named_twice",
    ),
    "rows that move in a circle": (("source: legacy", "source: main"), "migration.data.target", "moves_into_itself"),
    "another format": (("schema: 1", "schema: 2"), "schema", "not_a_choice"),
    "minutes that fall": (("after_minutes: 0", "after_minutes: 60"), "hypercare.escalation", "escalation_order"),
    "levels that fall": (("level: 2", "level: 1"), "hypercare.escalation", "escalation_order"),
    "a priority twice": (("priority: P2", "priority: P1"), "hypercare.service_levels", "priority_twice"),
    "a setuid mode": (('"0640"', '"4755"'), "components.api.templates[0].mode", "shape_mode"),
    "a mode in words": (('"0640"', '"u=rw"'), "components.api.templates[0].mode", "shape_mode"),
    "a target with an escape": (
        ("target: etc/app.conf", "target: ../app.conf"),
        "components.api.templates[0].target",
        "shape_host_path",
    ),
    "an absolute target": (
        ("target: etc/app.conf", "target: /etc/passwd"),
        "components.api.templates[0].target",
        "shape_host_path",
    ),
    "a source with an escape": (
        ("source: templates/app", "source: ../../app"),
        "components.api.templates[0].source",
        "shape_local_file",
    ),
    "an absolute source": (
        ("source: templates/app", "source: /etc/app"),
        "components.api.templates[0].source",
        "shape_local_file",
    ),
    "a source with a NUL": (
        ("source: templates/app.conf.template", 'source: "a\\0b"'),
        "components.api.templates[0].source",
        "control_character",
    ),
    "an artifact of another kind": (("2.0.0.tar.gz", "2.0.0.exe"), "components.api.artifact.file", "shape_archive"),
    "a digest too short": (('digest: "sha256:0', 'digest: "sha256:'), "components.api.artifact.digest", "shape_digest"),
    "a link elsewhere": (("path: /api/consultations", "path: //evil.example/x"), "checks[1].path", "shape_url_path"),
    "a link that runs": (
        ("path: /api/consultations", 'path: "javascript:alert(1)"'),
        "checks[1].path",
        "shape_url_path",
    ),
    "a command that is an option": (
        ("command: [bin/serve,", "command: [-rf,"),
        "components.api.service.command",
        "shape_program",
    ),
    "no command": (
        ("command: [bin/serve, --config, etc/app.conf]", "command: []"),
        "components.api.service.command",
        "too_few",
    ),
    "a port too high": (("port: 0 ", "port: 65536 "), "components.api.service.port", "above_maximum"),
    "a broadcast as a channel": (
        ('"#contact-center-release"', '"<!channel>"'),
        "communication.channel",
        "shape_channel",
    ),
    "a target that is no number": (('target: "99.9"', 'target: "NaN"'), "hypercare.kpis[0].target", "shape_decimal"),
    "an address that is none": (
        ("kim.release@example.com", '"a@b\\nBcc: c"'),
        "people.kim.release.email",
        "shape_email",
    ),
}


@pytest.mark.parametrize(("change", "path", "key"), REFUSED.values(), ids=REFUSED)
def test_a_manifest_that_cannot_work_is_refused(change, path, key):
    """What would fail, or harm, at a later stage is found before anything starts, and is the only complaint."""
    found = keys(problems_of(spoiled(MANIFEST, change)))
    assert (path, key) in found
    assert {other for _, other in found} <= {key, "not_on_path", "no_approval_line"}


@pytest.mark.parametrize(
    "version", ["../2.0", "..", "2..0", "-2", "2.0/..", "2 0", "2.0\\n", "2.0;ls", "$(id)", "2.0.", ""]
)
def test_a_version_is_only_a_version(version):
    """A version becomes part of a directory's name, so it can neither climb nor act."""
    found = keys(problems_of(spoiled(MANIFEST, ("version: 2.0.0", f'version: "{version}"'))))
    assert found == {("version", "shape_version")}


@pytest.mark.parametrize("version", ["2.0.0", "2.0.0-rc.1", "2026.07.01+build.5", "v3"])
def test_usual_versions_are_accepted(version):
    """Semantic versions, dates and build numbers are versions."""
    assert manifest(("version: 2.0.0", f'version: "{version}"')).version == version


def test_a_leap_day_is_accepted_in_a_leap_year():
    """The calendar decides, not a table of month lengths."""
    assert manifest(("2026-01-01T00:00:00", "2024-02-29T00:00:00")).windows[0].opens == "2024-02-29T00:00:00"
