"""The install stage: the new release is put beside the old one, configured and checked, and not yet switched to.

verify → (gate) → upload → unpack → configure → check
"""

from golive.release.components import Component, SecretReference
from golive.release.plan import PlannedStep
from golive.release.templates import render
from golive.stages import host_steps
from golive.stages.definition import Scope, StageDefinition, StepDefinition, app_hosts, the_release
from golive.stages.errors import SecretMissing
from golive.stages.layout import Placement
from golive.stages.observe_install import observe_check, observe_verify
from golive.stages.service import launch_script
from golive.stages.tree import beside
from golive.stages.work import FileWork, HostWork, Work


def _placement(scope: Scope, step: PlannedStep) -> Placement:
    return scope.placements[step.component or ""]


def _definition(scope: Scope, step: PlannedStep) -> Component:
    return scope.manifest.components[step.component or ""]


def _upload(scope: Scope, step: PlannedStep) -> Work:
    placement = _placement(scope, step)
    return FileWork(placement.bundle, placement.bundle_size, placement.incoming, 0o600)


def _remove_upload(scope: Scope, step: PlannedStep) -> Work:
    return HostWork(host_steps.remove_bundle(_placement(scope, step)))


def _unpack(scope: Scope, step: PlannedStep) -> Work:
    placement = _placement(scope, step)
    tree, kept = scope.texts[placement.tree], beside(_definition(scope, step))
    return HostWork(host_steps.unpack(placement, tree, kept), host_steps.tree_is(placement, tree, kept), seconds=600)


def _remove_release(scope: Scope, step: PlannedStep) -> Work:
    return HostWork(host_steps.remove_release(_placement(scope, step)))


def rendered_files(scope: Scope, name: str) -> tuple[tuple[str, str, str], ...]:
    """The configuration files of a component as (path, mode, content), with secrets filled in: handle with care."""
    component = scope.manifest.components[name]
    values = {variable: scope.environment.variables[variable] for variable in component.variables}
    for variable, reference in component.secrets.items():
        values[variable] = _secret(scope, reference)
    return tuple(
        (template.target, template.mode, render(scope.texts[scope.files[template.source]], values, template.source))
        for template in component.templates
    )


def _secret(scope: Scope, reference: SecretReference) -> str:
    """The field of the connection that is meant. Raises ``SecretMissing`` where it is empty."""
    name = scope.environment.connection_of(reference.connection)
    connection = scope.connection(name)
    if reference.field == "user":
        found = connection.user
    else:
        secret = connection.password if reference.field == "password" else connection.private_key
        found = secret.reveal() if secret else ""
    if not found:
        raise SecretMissing(connection=name, field=reference.field)
    return found


def _configure(scope: Scope, step: PlannedStep) -> Work:
    placement = _placement(scope, step)
    launch = launch_script(placement.path, tuple(_definition(scope, step).service.command))
    command = host_steps.configure(placement, rendered_files(scope, placement.component), launch)
    return HostWork(command, host_steps.is_configured(placement))


def _unconfigure(scope: Scope, step: PlannedStep) -> Work:
    targets = [template.target for template in _definition(scope, step).templates]
    return HostWork(host_steps.unconfigure(_placement(scope, step), targets))


INSTALL = StageDefinition(
    "install",
    (
        StepDefinition("verify", the_release, observe=observe_verify),
        StepDefinition("upload", app_hosts, work=_upload, undo=_remove_upload),
        StepDefinition("unpack", app_hosts, work=_unpack, undo=_remove_release),
        StepDefinition("configure", app_hosts, work=_configure, undo=_unconfigure),
        StepDefinition("check", app_hosts, observe=observe_check),
    ),
)
