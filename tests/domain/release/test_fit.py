import pytest

from golive.release.errors import ManifestInvalid
from golive.release.fit import check_fit
from tests.domain.release.example import WITHOUT_MIGRATION, environment, keys, manifest


@pytest.mark.parametrize(
    ("change", "path", "key"),
    [
        (("environment: production", "environment: stage"), "environment", "fit_environment"),
        (("  database_user: contact_center\n", ""), "variables", "fit_variable"),
        (('api_port: "18090"', 'api_port: "0"'), "hosts.app2.variables.api_port", "fit_port"),
        (('api_port: "18090"', 'api_port: "٣"'), "hosts.app2.variables.api_port", "fit_port"),
        (('api_check_port: "18101"', 'other: "1"'), "hosts.app3.variables.api_check_port", "fit_port"),
        (("component: api", "component: web"), "balancers.front.component", "fit_component"),
        (("  legacy: {admin", "  other: {admin"), "databases", "fit_migration"),
    ],
)
def test_an_environment_that_lacks_something_is_refused(change, path, key):
    """What a release needs and an environment does not give is told before anything is planned."""
    with pytest.raises(ManifestInvalid) as caught:
        check_fit(manifest(), environment(change))
    assert keys(caught.value.problems) == {(path, key)}


def test_a_database_is_missed_by_everything_that_needs_it():
    """A component's secret and the migration each tell that the database is not there."""
    with pytest.raises(ManifestInvalid) as caught:
        check_fit(manifest(), environment(("  main: {admin", "  other: {admin")))
    assert keys(caught.value.problems) == {("databases", "fit_database"), ("databases", "fit_migration")}


def test_a_release_that_leaves_databases_alone_needs_only_its_own():
    """Without a migration the old system's database may be missing."""
    check_fit(manifest(WITHOUT_MIGRATION), environment(("  legacy: {admin", "  other: {admin")))


def test_a_component_needs_a_host():
    """A component whose role no host has would be installed nowhere."""
    with pytest.raises(ManifestInvalid) as caught:
        check_fit(manifest(("role: app ", "role: web ")), environment())
    assert keys(caught.value.problems) == {("hosts", "fit_role")}


def test_a_port_of_the_environment_serves_all_hosts():
    """A host without a port of its own has the environment's."""
    own = ', variables: {api_port: "18080", api_check_port: "18081"}'
    place = environment((own, ""), ("variables:\n", 'variables:\n  api_port: "1"\n  api_check_port: "2"\n'))
    check_fit(manifest(), place)
