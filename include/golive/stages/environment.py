"""The environment stage: facts of every host against the requirements, then what is missing is set up.

facts → (gate) → directories → runtime → services → databases → monitoring → backup → restore_check
"""

import asyncio
from typing import TYPE_CHECKING

from golive.canonical import digest, digest_bytes
from golive.checks.values import Verdict
from golive.hosts.shell import sh
from golive.release.plan import PlannedStep
from golive.secret import Secret
from golive.stages import database_steps, host_steps
from golive.stages.database_facts import observe_databases
from golive.stages.definition import Scope, StageDefinition, StepDefinition, app_hosts, databases, the_release
from golive.stages.facts import observe_facts, target_hosts
from golive.stages.layout import component_directories
from golive.stages.service import control_script
from golive.stages.work import DeprovisionWork, HostWork, ProvisionWork, RegisterWork, RestoreWork, Work

if TYPE_CHECKING:
    from golive.stages.bench import Bench


async def _facts(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """What hosts and databases lack, all at once."""
    hosts, servers = await asyncio.gather(observe_facts(bench, steps), observe_databases(bench))
    return (*hosts, *servers)


def _component(step: PlannedStep) -> str:
    if step.component is None:
        raise ValueError(f"{step.key} needs a component")
    return step.component


def _directories(scope: Scope, step: PlannedStep) -> Work:
    names = component_directories(_component(step))
    marker = f"{scope.manifest.release}-{_component(step)}"
    return HostWork(host_steps.make_directories(names, marker), host_steps.directories_exist(names))


def _remove_directories(scope: Scope, step: PlannedStep) -> Work:
    return HostWork(host_steps.remove_directories(f"{scope.manifest.release}-{_component(step)}"))


def _put(scope: Scope, step: PlannedStep, name: str, text: str, mode: str) -> Work:
    target = f"components/{_component(step)}/{name}"
    keep = f"{scope.manifest.release}-{_component(step)}-{name}"
    probe = host_steps.file_is(target, digest_bytes(text.encode()))
    return HostWork(host_steps.put_file(target, text, mode, keep), probe)


def _restore(scope: Scope, step: PlannedStep, name: str, text: str) -> Work:
    keep = f"{scope.manifest.release}-{_component(step)}-{name}"
    written = digest_bytes(text.encode())
    return HostWork(host_steps.restore_file(f"components/{_component(step)}/{name}", keep, written))


def _runtime_text(scope: Scope) -> str:
    """The environment's tools as variables, sourced before a release starts: ``GOLIVE_<TOOL>``."""
    lines = [
        sh("GOLIVE_{tool}={path}; export GOLIVE_{tool}\n", tool=name.upper().replace("-", "_"), path=path)
        for name, path in sorted(scope.environment.tools.items())
    ]
    return "".join(lines)


def _control_text(scope: Scope, step: PlannedStep) -> str:
    return control_script(_component(step), scope.manifest.components[_component(step)].service.stop_seconds)


def _runtime(scope: Scope, step: PlannedStep) -> Work:
    return _put(scope, step, "runtime", _runtime_text(scope), "0640")


def _restore_runtime(scope: Scope, step: PlannedStep) -> Work:
    return _restore(scope, step, "runtime", _runtime_text(scope))


def _services(scope: Scope, step: PlannedStep) -> Work:
    return _put(scope, step, "control", _control_text(scope, step), "0750")


def _restore_services(scope: Scope, step: PlannedStep) -> Work:
    return _restore(scope, step, "control", _control_text(scope, step))


def _name(step: PlannedStep) -> str:
    return step.target.removeprefix("database:")


def _provision(scope: Scope, step: PlannedStep) -> Work:
    database = scope.environment.databases[_name(step)]
    return ProvisionWork(database.admin, database.name, database.role, database.connection, scope.manifest.release)


def _deprovision(scope: Scope, step: PlannedStep) -> Work:
    database = scope.environment.databases[_name(step)]
    return DeprovisionWork(database.admin, database.name, database.role, scope.manifest.release)


def _monitoring(scope: Scope, step: PlannedStep) -> Work:
    return RegisterWork(
        "monitoring.registered", {"release": scope.manifest.release, "components": sorted(scope.manifest.components)}
    )


def _no_monitoring(scope: Scope, step: PlannedStep) -> Work:
    return RegisterWork("monitoring.withdrawn", {"release": scope.manifest.release})


def where_is(scope: Scope, name: str) -> dict[str, str]:
    """How the tools on a host reach a database."""
    database = scope.environment.databases[name]
    connection = scope.connection(database.admin)
    return {"host": connection.host, "port": str(connection.port), "user": connection.user, "database": database.name}


def database_password(scope: Scope, name: str) -> Secret:
    """Its administrator's."""
    return scope.connection(scope.environment.databases[name].admin).password or Secret("")


def _backup(scope: Scope, step: PlannedStep) -> Work:
    name = _name(step)
    keep = scope.environment.databases[name].backup_keep
    tool = scope.environment.tools["pg_dump"]
    return HostWork(
        database_steps.backup(name, where_is(scope, name), tool, database_password(scope, name), keep), seconds=3600
    )


def scratch_name(database: str) -> str:
    """A name of its own for each database, whatever that is called: no option, no connection string, never cut."""
    return f"golive_restore_{digest(database).removeprefix('sha256:')[:16]}"


def _restore_check(scope: Scope, step: PlannedStep) -> Work:
    name = _name(step)
    database = scope.environment.databases[name]
    scratch = scratch_name(database.name)
    command = database_steps.restore(
        name, where_is(scope, name), scope.environment.tools, database_password(scope, name), scratch
    )
    return RestoreWork(HostWork(command, seconds=3600), database.admin, database.name, scratch)


def _drop_scratch(scope: Scope, step: PlannedStep) -> Work:
    name = _name(step)
    scratch = scratch_name(scope.environment.databases[name].name)
    return HostWork(
        database_steps.drop_scratch(
            where_is(scope, name), scope.environment.tools, database_password(scope, name), scratch
        )
    )


ENVIRONMENT = StageDefinition(
    "environment",
    (
        StepDefinition("facts", target_hosts, observe=_facts),
        StepDefinition("directories", app_hosts, work=_directories, undo=_remove_directories),
        StepDefinition("runtime", app_hosts, work=_runtime, undo=_restore_runtime),
        StepDefinition("services", app_hosts, work=_services, undo=_restore_services),
        StepDefinition("databases", databases, work=_provision, undo=_deprovision),
        StepDefinition("monitoring", the_release, work=_monitoring, undo=_no_monitoring),
        # A dump is kept on purpose: it is what a later rollback may need.
        StepDefinition("backup", databases, work=_backup, on_backup_host=True),
        StepDefinition("restore_check", databases, work=_restore_check, undo=_drop_scratch, on_backup_host=True),
    ),
)
