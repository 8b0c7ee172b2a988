"""The cutover stage: traffic moves from the old release to the new one, or comes back.

readiness → (gate) → drain → sync → switch → admit → smoke
"""

from golive.release.environment import BalancerEntry
from golive.release.plan import PlannedStep
from golive.stages import switch
from golive.stages.definition import Scope, StageDefinition, StepDefinition, app_hosts, balancers, the_release
from golive.stages.expectations import health_expectation
from golive.stages.migration import SYNC
from golive.stages.observe_cutover import observe_readiness, observe_smoke
from golive.stages.work import HostWork, ServiceWork, Work


def _balancer(scope: Scope, step: PlannedStep) -> BalancerEntry:
    host = step.target.removeprefix("host:")
    found = (b for b in scope.environment.balancers.values() if b.host == host and b.component == step.component)
    return next(found)


def _upstream(scope: Scope, step: PlannedStep, *, serving: bool) -> str:
    component = step.component or ""
    names = scope.environment.hosts_with_role(scope.manifest.components[component].role)
    servers = [(scope.environment.hosts[name].address, scope.port(name, component)) for name in names]
    return switch.upstream(component, servers, serving=serving)


def _keep(scope: Scope, step: PlannedStep) -> str:
    return f"{scope.manifest.release}-{step.component}-upstream"


def _drain(scope: Scope, step: PlannedStep) -> Work:
    balancer = _balancer(scope, step)
    seconds = scope.manifest.cutover.drain_seconds
    content = _upstream(scope, step, serving=False)
    command = switch.drain(
        balancer.upstream_file, content, balancer.reload, balancer.status, _keep(scope, step), seconds
    )
    return HostWork(command, seconds=seconds + 60)


def _undrain(scope: Scope, step: PlannedStep) -> Work:
    balancer = _balancer(scope, step)
    return HostWork(switch.restore_upstream(balancer.upstream_file, balancer.reload, _keep(scope, step)))


def _switch(scope: Scope, step: PlannedStep) -> Work:
    placement = scope.placements[step.component or ""]
    port, stop = _port_and_stop(scope, step)
    work = HostWork(switch.switch(placement, port, stop), switch.serves(placement))
    health = scope.manifest.components[placement.component].service.health
    return ServiceWork(work, port, health.path, health_expectation(health))


def _switch_back(scope: Scope, step: PlannedStep) -> Work:
    """Done only when what served before answers as it did; where nothing served, there is nothing to ask."""
    placement = scope.placements[step.component or ""]
    port, stop = _port_and_stop(scope, step)
    served = scope.before.get((step.target.removeprefix("host:"), placement.component))
    if served is None:
        return HostWork(switch.switch_back(placement, port, stop))
    work = HostWork(switch.switch_back(placement, served.port, stop))
    return ServiceWork(work, served.port, served.health.path, health_expectation(served.health))


def _port_and_stop(scope: Scope, step: PlannedStep) -> tuple[int, int]:
    host, component = step.target.removeprefix("host:"), step.component or ""
    return scope.port(host, component), scope.manifest.components[component].service.stop_seconds


def _admit(scope: Scope, step: PlannedStep) -> Work:
    balancer = _balancer(scope, step)
    content = _upstream(scope, step, serving=True)
    keep = f"{_keep(scope, step)}-admit"
    return HostWork(switch.set_upstream("admit", balancer.upstream_file, content, balancer.reload, keep))


def _drain_again(scope: Scope, step: PlannedStep) -> Work:
    balancer = _balancer(scope, step)
    return HostWork(switch.restore_upstream(balancer.upstream_file, balancer.reload, f"{_keep(scope, step)}-admit"))


CUTOVER = StageDefinition(
    "cutover",
    (
        StepDefinition("readiness", the_release, observe=observe_readiness),
        StepDefinition("drain", balancers, work=_drain, undo=_undrain),
        SYNC,
        StepDefinition("switch", app_hosts, work=_switch, undo=_switch_back),
        StepDefinition("admit", balancers, work=_admit, undo=_drain_again),
        StepDefinition("smoke", the_release, observe=observe_smoke),
    ),
)
