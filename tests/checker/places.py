"""1. Each host runs exactly one version, byte for byte the one that the record says, and by its definitions.
2. A finished release is all-new, all-old, or quarantined with an open incident.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.checker import story
from tests.checker.processes import service, session_of, working_in
from tests.checker.record import World


def check_places(world: World) -> Iterator[str]:
    for environment, events in world.environments.items():
        if not _unsettled(world, environment):
            live = story.live(events)
            yield from (f"1 {environment}: {why}" for why in _environment(world, environment, live))


def check_ends(world: World) -> Iterator[str]:
    for release, events in world.releases.items():
        effects = story.newest(story.effects(events))
        for (environment, stage), standing in story.stages(events).items():
            own = {key: e for (e_, key), e in effects.items() if e_ == environment and e.intent["stage"] == stage}
            where = f"2 {release}: {stage} in {environment}"
            if standing.state == "quarantined" and not story.open_incidents(events, environment):
                yield f"{where} is quarantined without an open incident"
            if standing.state in ("rolled_back", "stopped"):
                left = [key for key, effect in own.items() if effect.undo != "undone"]
                yield from (f"{where} is {standing.state}, but {key} was not taken back" for key in left)
            if standing.state == "closed":
                left = [key for key, effect in own.items() if effect.outcome != "in_force" or effect.undo]
                yield from (f"{where} is closed, but {key} is not in force" for key in left)
        yield from _closed_incidents(release, events)


def _closed_incidents(release: str, events: list[Any]) -> Iterator[str]:
    environments = {environment for environment, _ in story.stages(events)}
    for environment in environments:
        states = {s.state for (e, _), s in story.stages(events).items() if e == environment}
        if "quarantined" not in states and (left := story.open_incidents(events, environment)):
            yield f"2 {release}: nothing is quarantined in {environment}, but incidents are open: {sorted(left)}"


def _unsettled(world: World, environment: str) -> bool:
    """Whether something is on its way there, or stuck under an incident: then a mixture is what the record says too."""
    for events in world.releases.values():
        for (where, stage), standing in story.stages(events).items():
            if where == environment and (
                standing.state == "quarantined" or (standing.state == "open" and stage == "cutover")
            ):
                return True
    return False


def _environment(world: World, environment: str, live: dict[str, Any] | None) -> Iterator[str]:
    homes = {folder.name: folder / "home" for folder in (world.home / "hosts" / environment).iterdir()}
    if live is None:
        for host, home in homes.items():
            for root in home.glob("components/*"):
                yield from (f"{host}: {why}" for why in _nothing_serves(root))
        return
    manifest = world.manifest(live["release"], live["manifest"])
    inventory = world.inventory(environment, live["inventory"])
    for name, placed in live["components"].items():
        component = manifest["components"][name]
        for host, entry in inventory["hosts"].items():
            if entry["role"] == component["role"]:
                root = homes[host] / "components" / name
                yield from (f"{host}/{name}: {why}" for why in _component(world, root, component, placed))
                effects = story.newest(story.effects(world.releases[live["release"]]))
                yield from (f"{host}/{name}: {why}" for why in _definitions(effects, environment, host, root))


def _definitions(
    effects: dict[tuple[str, str], story.Effect], environment: str, host: str, root: Path
) -> Iterator[str]:
    """The service definition and the runtime variables are those that the release which serves wrote."""
    for file, step in (("control", "services"), ("runtime", "runtime")):
        effect = effects.get((environment, f"environment.{step}/host:{host}/{root.name}"))
        if effect is None:
            yield f"the record does not say who wrote {file}"
            continue
        written = next(
            (line for line in effect.detail.splitlines() if line.endswith(f"  components/{root.name}/{file}")), ""
        )
        there = hashlib.sha256((root / file).read_bytes()).hexdigest() if (root / file).is_file() else "nothing"
        if written and written.split()[0] != there:
            yield f"{file} on disk is not what was written"


def _nothing_serves(root: Path) -> Iterator[str]:
    if (root / "current").is_symlink():
        yield f"{root.name} has a current release, but nothing serves by the record"
    running = service(root / "run" / "live.process")
    if running and running.alive:
        yield f"{root.name} runs {running.release}, but nothing serves by the record"


def _component(world: World, root: Path, component: dict[str, Any], placed: dict[str, Any]) -> Iterator[str]:
    directory = placed["directory"]
    current = root / "current"
    if not current.is_symlink() or current.readlink() != Path("releases") / directory:
        yield f"current is not {directory}"
    targets = {template["target"] for template in component.get("templates", ())}
    yield from _tree(root / "releases" / directory, world.evidence(placed["tree"]).decode(), targets)
    running = service(root / "run" / "live.process")
    if running is None or not running.alive:
        yield "nothing runs"
        return
    if running.release != directory:
        yield f"{running.release} runs, not {directory}"
    for pid, place in working_in(root / "releases").items():
        if session_of(pid) != running.pid:
            yield f"process {pid} runs beside the service, in {place.name}"
        elif place != (root / "releases" / directory).resolve():
            yield f"process {pid} of the service works in {place.name}"
    yield from _answer(running.port, component["service"]["health"])


def _tree(release: Path, tree: str, targets: set[str]) -> Iterator[str]:
    wanted = dict(reversed(line.split("  ", 1)) for line in tree.splitlines() if not line.startswith("@"))
    for name, digest in wanted.items():
        file = release / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            yield f"{name} on disk is not what was installed"
    there = {file.relative_to(release).as_posix() for file in release.rglob("*") if file.is_file()}
    beside = {name for name in there - set(wanted) - targets if not name.startswith(".golive/")}
    beside = {name for name in beside if "__pycache__" not in name}
    if beside:
        yield f"files that nobody installed: {sorted(beside)[:5]}"


def _answer(port: int, health: dict[str, Any]) -> Iterator[str]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{health['path']}", timeout=10)
    except httpx.HTTPError as error:
        yield f"does not answer: {error}"
        return
    if answer.status_code != health.get("status", 200) or (health.get("contains") or "") not in answer.text:
        yield f"answers {answer.status_code} {answer.text[:80]}"
