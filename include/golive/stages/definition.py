"""A stage as a table of steps, and the scope that a step's pure builders see."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golive.canonical import Digest
from golive.checks.values import Verdict
from golive.release.components import Health
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.release.plan import PlannedStep
from golive.stages.layout import Placement
from golive.stages.runtime import Connection
from golive.stages.work import Work

if TYPE_CHECKING:
    from golive.stages.bench import Bench


def port_on(manifest: Manifest, environment: Environment, host: str, component: str, *, check: bool = False) -> int:
    """The port of a component on a host: the manifest's, else the host's variable, else the environment's."""
    service = manifest.components[component].service
    fixed = service.check_port if check else service.port
    name = f"{component}_check_port" if check else f"{component}_port"
    return fixed or int(environment.variables_on(host)[name])


@dataclass(frozen=True)
class Served:
    """How a component of the release that served before answers on a host."""

    directory: str
    port: int
    health: Health


@dataclass(frozen=True)
class Scope:
    """Everything a builder may know. ``files`` are the manifest's small files by path,
    ``texts`` their contents (and each tree list) by digest; ``before`` is what served before this release, by host and
    component, and what its rollback brings back."""

    manifest: Manifest
    environment: Environment
    placements: Mapping[str, Placement]
    files: Mapping[str, Digest]
    texts: Mapping[Digest, str]
    connections: Callable[[str], Connection]
    before: Mapping[tuple[str, str], Served] = field(default_factory=dict)

    def connection(self, name: str) -> Connection:
        """A connection of the environment by its Airflow name."""
        return self.connections(name)

    def port(self, host: str, component: str, *, check: bool = False) -> int:
        """As ``port_on``."""
        return port_on(self.manifest, self.environment, host, component, check=check)


Targets = Callable[[Manifest, Environment], Iterable[tuple[str, str | None]]]
Builder = Callable[[Scope, PlannedStep], Work]
Observe = Callable[["Bench", tuple[PlannedStep, ...]], Awaitable[tuple[Verdict, ...]]]


@dataclass(frozen=True)
class StepDefinition:
    """One kind of step. Either ``work`` (an effect, undone by ``undo``) or ``observe`` (reads and judges)."""

    name: str
    targets: Targets
    work: Builder | None = None
    undo: Builder | None = None
    observe: Observe | None = None
    reversible: bool = True
    migrates: bool = False
    """Depends on the release's migration: its scripts, its mapping and both databases."""
    on_backup_host: bool = False
    """Runs on the host that keeps a database's backups, under that host's fence."""

    @property
    def effect(self) -> bool:
        return self.work is not None


@dataclass(frozen=True)
class StageDefinition:
    """A stage: its steps in order."""

    name: str
    steps: tuple[StepDefinition, ...]

    @property
    def guarded(self) -> str | None:
        """The step before which the gate stands: the first with an effect. Without one it stands before the close."""
        return next((step.name for step in self.steps if step.effect), None)

    def step(self, name: str) -> StepDefinition:
        return next(step for step in self.steps if step.name == name)


def fence_target(definition: StepDefinition, environment: Environment, target: str) -> str:
    """The target whose lease and fence guard this step: its own, or the host that it runs on for a database."""
    if definition.on_backup_host:
        return f"host:{environment.databases[target.removeprefix('database:')].host}"
    return target


def app_hosts(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """Each component on each host of its role."""
    for name, component in manifest.components.items():
        for host in environment.hosts_with_role(component.role):
            yield f"host:{host}", name


def balancers(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """Each component that stands behind a balancer, on the balancer's host."""
    for name in manifest.components:
        for balancer in environment.balancers.values():
            if balancer.component == name:
                yield f"host:{balancer.host}", name


def databases(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """Every database of the environment."""
    return ((f"database:{name}", None) for name in environment.databases)


def the_release(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    return (("release", None),)
