"""A manifest and an environment together: what the one needs the other must give."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from golive.release.environment import Environment
from golive.release.errors import Finding, ManifestInvalid, Problem

if TYPE_CHECKING:
    from golive.release.components import Component
    from golive.release.manifest import Manifest


def check_fit(manifest: "Manifest", environment: Environment) -> None:
    """Raises ``ManifestInvalid`` with everything that the environment lacks for this release."""
    if findings := tuple(_findings(manifest, environment)):
        source = f"environment {environment.environment}"
        raise ManifestInvalid(problems=tuple(Problem(source, 0, 0, finding) for finding in findings))


def _findings(manifest: "Manifest", environment: Environment) -> Iterator[Finding]:
    if environment.environment not in manifest.path:
        yield Finding(("environment",), "fit_environment", {"path": ", ".join(manifest.path)})
    for name, component in manifest.components.items():
        yield from _variables(name, component, environment)
        yield from _ports(name, component, environment)
        yield from _databases(name, component, environment)
    for database in manifest.migration.databases:
        if database not in environment.databases:
            yield Finding(("databases",), "fit_migration", {"database": database})
    for name, balancer in environment.balancers.items():
        if balancer.component not in manifest.components:
            yield Finding(("balancers", name, "component"), "fit_component", {"component": balancer.component})


def _variables(name: str, component: "Component", environment: Environment) -> Iterator[Finding]:
    for variable in component.variables:
        if variable not in environment.variables:
            yield Finding(("variables",), "fit_variable", {"component": name, "variable": variable})


def _ports(name: str, component: "Component", environment: Environment) -> Iterator[Finding]:
    hosts = environment.hosts_with_role(component.role)
    if not hosts:
        yield Finding(("hosts",), "fit_role", {"role": component.role, "component": name})
    service = component.service
    for port, variable in ((service.port, f"{name}_port"), (service.check_port, f"{name}_check_port")):
        for host in hosts if port == 0 else ():
            if not _is_port(environment.variables_on(host).get(variable, "")):
                facts = {"component": name, "variable": variable, "host": host}
                yield Finding(("hosts", host, "variables", variable), "fit_port", facts)


def _databases(name: str, component: "Component", environment: Environment) -> Iterator[Finding]:
    for secret, reference in component.secrets.items():
        try:
            environment.connection_of(reference.connection)
        except KeyError as missing:
            facts = {"component": name, "database": missing.args[0], "secret": secret}
            yield Finding(("databases",), "fit_database", facts)


def _is_port(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= 5 and 1 <= int(written) <= 65535
