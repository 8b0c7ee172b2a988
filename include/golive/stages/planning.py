"""Manifest and environment become a plan: a pure function, so that planning changes nothing anywhere."""

from collections.abc import Mapping

from golive.canonical import Digest, digest
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.release.plan import Plan, PlannedStep
from golive.stages.catalogue import STAGES
from golive.stages.definition import StepDefinition
from golive.texts import text


def make_plan(
    manifest: Manifest,
    environment: Environment,
    manifest_digest: Digest,
    environment_digest: Digest,
    current: Mapping[str, str] | None = None,
) -> Plan:
    """Every step of every stage on every target, in order. ``current``: the version of each component that serves."""
    steps = tuple(
        _planned(manifest, stage.name, definition, target, component, current or {}, inputs)
        for stage in STAGES.values()
        for definition in stage.steps
        for target, component in definition.targets(manifest, environment)
        for inputs in [_inputs(manifest, environment, manifest_digest, target, component)]
    )
    return Plan(manifest.release, environment.environment, manifest_digest, environment_digest, steps)


def _inputs(
    manifest: Manifest, environment: Environment, manifest_digest: Digest, target: str, component: str | None
) -> Digest:
    """What a step's result depends on. Steps about the whole release depend on all of the manifest."""
    kind, _, name = target.partition(":")
    place = environment.as_data()
    shared = {"release": manifest.release, "tools": place["tools"]}
    if kind == "database":
        return digest({**shared, "database": place["databases"][name]})
    if component is None:
        return digest({**shared, "manifest": manifest_digest, "target": target})
    hosts = {key: host for key, host in place["hosts"].items() if host["role"] == manifest.components[component].role}
    own = {"component": manifest.as_data()["components"][component], "cutover": manifest.cutover.as_data()}
    servers = {"hosts": hosts, "balancers": place["balancers"], "variables": place["variables"]}
    return digest({**shared, **own, **servers, "target": target})


def _planned(
    manifest: Manifest,
    stage: str,
    definition: StepDefinition,
    target: str,
    component: str | None,
    current: Mapping[str, str],
    inputs: Digest,
) -> PlannedStep:
    version = manifest.components[component].version if component else manifest.version
    before = current.get(component or "", "-")
    changes = text(
        f"steps.{stage}_{definition.name}", manifest.locale, component=component or "", version=version, before=before
    )
    undo = text(f"steps.undo_{stage}_{definition.name}", manifest.locale, before=before) if definition.undo else None
    reversible = definition.undo is not None or definition.reversible
    return PlannedStep(stage, definition.name, target, component, definition.effect, changes, undo, reversible, inputs)
