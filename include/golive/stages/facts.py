"""Facts of hosts against the requirements: everything that is missing is named at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict, shown
from golive.errors import TargetError
from golive.hosts.errors import HostKeyMismatch, LoginRefused
from golive.hosts.fleet import each
from golive.hosts.operation import REQUIRED_COMMANDS
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.release.plan import PlannedStep
from golive.stages.layout import component_directories
from golive.stages.listeners import listeners_command, ports_of, read_listeners, taken
from golive.texts import text

if TYPE_CHECKING:
    from golive.stages.bench import Bench

NEEDED = (
    *REQUIRED_COMMANDS,
    *("awk", "cp", "cut", "date", "dd", "dirname", "find", "grep", "ls", "readlink", "rmdir", "sed", "sort", "touch"),
    "tr",
)
"""What Golive's own commands use on a host."""


@dataclass(frozen=True)
class HostFacts:
    """What a host says of itself. Sizes in MiB; ``unwritable`` are folders in which the deploy user cannot write."""

    values: Mapping[str, str]
    missing: frozenset[str]
    unwritable: tuple[str, ...] = ()

    def number(self, name: str) -> int:
        return int(self.values.get(name) or 0)


@dataclass(frozen=True)
class Requirements:
    """What a host must offer for the components it will carry."""

    disk_mb: int
    memory_mb: int
    commands: tuple[str, ...]
    files: tuple[str, ...]
    directories: tuple[str, ...] = ()


def target_hosts(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """Every host of the environment."""
    return ((f"host:{name}", None) for name in environment.hosts)


def facts_command(needed: Requirements) -> Command:
    """Prints ``name=value`` lines, ``missing=COMMAND`` lines and ``unwritable=FOLDER`` lines. Reads only."""
    script = sh(
        """echo "kernel=$(uname -sr)"
echo "machine=$(uname -m)"
echo "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
echo "time=$(date -u +%s)"
echo "disk_mb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')"
echo "memory_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)"
for name in {commands}; do command -v "$name" >/dev/null 2>&1 || echo "missing=$name"; done
for name in {files}; do [ -x "$name" ] || echo "missing=$name"; done
for name in {directories}; do
    [ ! -e "$name" ] && [ ! -L "$name" ] || { [ -d "$name" ] && [ -w "$name" ] && [ -x "$name" ]; } ||
        echo "unwritable=$PWD/${name#.}"
done
true
""",
        commands=needed.commands,
        files=needed.files,
        directories=needed.directories,
    )
    return Command("facts", script)


def read_facts(output: str) -> HostFacts:
    """What ``facts_command`` printed, as a value. Unknown lines are ignored."""
    values: dict[str, str] = {}
    missing, unwritable = set(), []
    for line in output.splitlines():
        name, separator, value = line.partition("=")
        if name == "missing":
            missing.add(value)
        elif name == "unwritable":
            unwritable.append(shown(value))
        elif separator:
            values[name] = value
    return HostFacts(values, frozenset(missing), tuple(unwritable))


def requirements_of(manifest: Manifest, environment: Environment, host: str) -> Requirements:
    """The sum of what the components on a host ask for, and what Golive itself needs."""
    role = environment.hosts[host].role
    components = {name: component for name, component in manifest.components.items() if component.role == role}
    commands = {*NEEDED, *(name for component in components.values() for name in component.requirements.commands)}
    directories = (folder for name in components for folder in component_directories(name))
    return Requirements(
        disk_mb=sum(component.requirements.disk_mb for component in components.values()),
        memory_mb=sum(component.requirements.memory_mb for component in components.values()),
        commands=tuple(sorted(commands)),
        files=tuple(sorted(environment.tools.values())) if components else (),
        directories=tuple(dict.fromkeys((*OWN_DIRECTORIES, *directories))),
    )


def judge(facts: HostFacts, needed: Requirements, now: int, locale: str) -> tuple[str, ...]:
    """Everything that a host lacks, a line each, in ``locale``. ``now``: seconds since the epoch."""
    problems = [text("stages.lacks_program", locale, name=name) for name in sorted(facts.missing)]
    problems += [text("stages.unwritable", locale, folder=folder) for folder in facts.unwritable]
    for name, least in (("disk_mb", needed.disk_mb), ("memory_mb", needed.memory_mb)):
        if facts.number(name) < least:
            problems.append(text(f"stages.too_little_{name}", locale, found=facts.number(name), least=least))
    skew = abs(facts.number("time") - now)
    if skew > MAXIMUM_SKEW_SECONDS:
        problems.append(text("stages.clock_off", locale, seconds=skew))
    return tuple(problems)


OWN_DIRECTORIES = (".", ".golive", ".golive/operations", ".golive/incoming", "backups")
"""Where Golive itself writes in the deploy user's home."""

MAXIMUM_SKEW_SECONDS = 30


async def observe_facts(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """One verdict a host; an unreachable host is inconclusive and does not hide the others."""
    names = [step.target.removeprefix("host:") for step in steps]
    now = int(bench.runtime.ledger.now().timestamp())
    return tuple(await each(lambda name: _one(bench, name, now), names))


async def _one(bench: "Bench", name: str, now: int) -> Verdict:
    locale = bench.scope.manifest.locale
    try:
        facts, problems = await _looked(bench, name, now)
    except (HostKeyMismatch, LoginRefused) as error:
        return Verdict(name=f"facts/host:{name}", result=Result.FAIL, detail=error.message(locale))
    except TargetError as error:
        return Verdict(name=f"facts/host:{name}", result=Result.INCONCLUSIVE, detail=error.message(locale))
    detail = (
        "; ".join(problems)
        or f"{facts.values.get('kernel')}, {facts.number('disk_mb')} MiB, {facts.number('memory_mb')} MiB"
    )
    return Verdict(name=f"facts/host:{name}", result=Result.FAIL if problems else Result.PASS, detail=detail)


async def _looked(bench: "Bench", name: str, now: int) -> tuple[HostFacts, tuple[str, ...]]:
    needed = requirements_of(bench.scope.manifest, bench.scope.environment, name)
    host = await bench.host(name)
    outcome = await host.run(facts_command(needed), timeout=30)
    facts, locale = read_facts(outcome.output), bench.scope.manifest.locale
    return facts, (*judge(facts, needed, now, locale), *await ports_taken(bench, name, ports_of(bench.scope, name)))


async def ports_taken(bench: "Bench", name: str, wanted: Mapping[int, str]) -> tuple[str, ...]:
    """A line for each of these ports of a host (port → component) that somebody else holds."""
    if not wanted:
        return ()
    host = await bench.host(name)
    outcome = await host.run(listeners_command(wanted), timeout=60)
    return taken(read_listeners(outcome.output), wanted, bench.scope.manifest.locale)
