"""Facts of hosts against the requirements: everything that is missing is named at once."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.errors import TargetError
from golive.hosts.errors import HostKeyMismatch, LoginRefused
from golive.hosts.operation import REQUIRED_COMMANDS
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.release.plan import PlannedStep

if TYPE_CHECKING:
    from golive.stages.bench import Bench

NEEDED = (
    *REQUIRED_COMMANDS,
    *("awk", "cp", "cut", "date", "dd", "dirname", "find", "grep", "readlink", "rmdir", "sed", "sort", "touch"),
)
"""What Golive's own commands use on a host."""


@dataclass(frozen=True)
class HostFacts:
    """What a host says of itself. Sizes in MiB; ``ports`` are those that something listens on."""

    values: Mapping[str, str]
    missing: frozenset[str]
    ports: frozenset[int]

    def number(self, name: str) -> int:
        return int(self.values.get(name) or 0)


@dataclass(frozen=True)
class Requirements:
    """What a host must offer for the components it will carry."""

    disk_mb: int
    memory_mb: int
    commands: tuple[str, ...]
    files: tuple[str, ...]


def target_hosts(manifest: Manifest, environment: Environment) -> Iterable[tuple[str, str | None]]:
    """Every host of the environment."""
    return ((f"host:{name}", None) for name in environment.hosts)


def facts_command(commands: Iterable[str], files: Iterable[str]) -> Command:
    """Prints ``name=value`` lines, ``missing=COMMAND`` lines and ``port=N`` lines. Reads only."""
    script = sh(
        """echo "kernel=$(uname -sr)"
echo "machine=$(uname -m)"
echo "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
echo "time=$(date -u +%s)"
echo "disk_mb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')"
echo "memory_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)"
for name in {commands}; do command -v "$name" >/dev/null 2>&1 || echo "missing=$name"; done
for name in {files}; do [ -x "$name" ] || echo "missing=$name"; done
awk 'FNR > 1 && $4 == "0A" { n = split($2, a, ":"); print "listen=" a[n] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
true
""",
        commands=tuple(commands),
        files=tuple(files),
    )
    return Command("facts", script)


def read_facts(output: str) -> HostFacts:
    """What ``facts_command`` printed, as a value. Unknown lines are ignored."""
    values: dict[str, str] = {}
    missing, ports = set(), set()
    for line in output.splitlines():
        name, separator, value = line.partition("=")
        if name == "missing":
            missing.add(value)
        elif name == "listen":
            ports.add(int(value, 16))
        elif separator:
            values[name] = value
    return HostFacts(values, frozenset(missing), frozenset(ports))


def requirements_of(manifest: Manifest, environment: Environment, host: str) -> Requirements:
    """The sum of what the components on a host ask for, and what Golive itself needs."""
    role = environment.hosts[host].role
    components = [component for component in manifest.components.values() if component.role == role]
    commands = {*NEEDED, *(name for component in components for name in component.requirements.commands)}
    return Requirements(
        disk_mb=sum(component.requirements.disk_mb for component in components),
        memory_mb=sum(component.requirements.memory_mb for component in components),
        commands=tuple(sorted(commands)),
        files=tuple(sorted(environment.tools.values())) if components else (),
    )


def judge(facts: HostFacts, needed: Requirements, now: int) -> tuple[str, ...]:
    """Everything that a host lacks, in words of data: ``disk 12 < 64 MiB``, ``no setsid``, ``clock 40 s off``."""
    problems = [f"no {name}" for name in sorted(facts.missing)]
    for name, least in (("disk_mb", needed.disk_mb), ("memory_mb", needed.memory_mb)):
        if facts.number(name) < least:
            problems.append(f"{name} {facts.number(name)} < {least}")
    skew = abs(facts.number("time") - now)
    if skew > MAXIMUM_SKEW_SECONDS:
        problems.append(f"clock {skew} s off")
    return tuple(problems)


MAXIMUM_SKEW_SECONDS = 30


async def observe_facts(bench: "Bench", steps: tuple[PlannedStep, ...]) -> tuple[Verdict, ...]:
    """One verdict a host; an unreachable host is inconclusive and does not hide the others."""
    names = [step.target.removeprefix("host:") for step in steps]
    now = int(bench.runtime.ledger.now().timestamp())
    return tuple(await asyncio.gather(*(_one(bench, name, now) for name in names)))


async def _one(bench: "Bench", name: str, now: int) -> Verdict:
    needed = requirements_of(bench.scope.manifest, bench.scope.environment, name)
    try:
        host = await bench.host(name)
        outcome = await host.run(facts_command(needed.commands, needed.files), timeout=30)
    except (HostKeyMismatch, LoginRefused) as error:
        return Verdict(name=f"facts/host:{name}", result=Result.FAIL, detail=str(error))
    except TargetError as error:
        return Verdict(name=f"facts/host:{name}", result=Result.INCONCLUSIVE, detail=str(error))
    facts = read_facts(outcome.output)
    problems = judge(facts, needed, now)
    detail = (
        "; ".join(problems)
        or f"{facts.values.get('kernel')}, {facts.number('disk_mb')} MiB, {facts.number('memory_mb')} MiB"
    )
    return Verdict(name=f"facts/host:{name}", result=Result.FAIL if problems else Result.PASS, detail=detail)
