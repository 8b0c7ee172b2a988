"""Manifest and environment become a plan: a pure function, so that planning changes nothing anywhere."""

from collections.abc import Mapping
from typing import Any

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
    *,
    files: Mapping[str, Digest] | None = None,
) -> Plan:
    """Every step of every stage on every target, in order.

    ``current``: the version of each component that serves. ``files``: the digest of each file that the manifest refers
    to, so that a changed template changes the steps that use it.
    """
    steps = tuple(
        _planned(manifest, stage.name, definition, target, component, current or {}, inputs)
        for stage in STAGES.values()
        for definition in stage.steps
        for target, component in definition.targets(manifest, environment)
        for inputs in [_inputs(manifest, environment, manifest_digest, files or {}, target, component, definition)]
    )
    return Plan(manifest.release, environment.environment, manifest_digest, environment_digest, steps)


def _inputs(
    manifest: Manifest,
    environment: Environment,
    manifest_digest: Digest,
    files: Mapping[str, Digest],
    target: str,
    component: str | None,
    definition: StepDefinition,
) -> Digest:
    """What a step's result depends on. Steps about the whole release depend on all of the manifest."""
    kind, _, name = target.partition(":")
    place = environment.as_data()  # without what equals its default
    shared = {"release": manifest.release, "tools": place.get("tools", {})}
    if kind == "database":
        entry = place["databases"][name]
        own = {"database": entry, "host": place["hosts"][entry["host"]]}
        return digest({**shared, **own, **(_moved(manifest, files, place) if definition.migrates else {})})
    if component is None:
        return digest({**shared, "manifest": manifest_digest, "target": target})
    hosts = {key: host for key, host in place["hosts"].items() if host["role"] == manifest.components[component].role}
    sources = {template.source for template in manifest.components[component].templates}
    own = {
        "component": manifest.as_data()["components"][component],
        "templates": {source: files[source] for source in sources if source in files},
        "cutover": manifest.cutover.as_data(),
    }
    servers = {"hosts": hosts, **{part: place.get(part, {}) for part in ("balancers", "variables")}}
    return digest({**shared, **own, **servers, "target": target})


def _moved(manifest: Manifest, files: Mapping[str, Digest], place: Mapping[str, Any]) -> dict[str, Any]:
    """What a change of databases depends on: what is declared, its files, and every database that takes part."""
    return {
        "migration": manifest.as_data().get("migration", {}),
        "files": {name: files[name] for name in sorted(manifest.migration.files) if name in files},
        "databases": {name: place["databases"][name] for name in manifest.migration.databases},
    }


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
