"""What the tests of operations share."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from golive.hosts.remote import ShellHost
from golive.hosts.values import Command, Operation, Outcome
from golive.secret import Secret


def operation(script: str, *, key: str = "op1", token: int = 1, stdin: bytes | Secret | None = None) -> Operation:
    return Operation(key, token, Command("work", script, stdin))


def operate(host: ShellHost, script: str, *, key: str = "op1", token: int = 1, timeout: float = 20) -> Outcome:
    return asyncio.run(host.operate(operation(script, key=key, token=token), timeout=timeout))


def place(home: Path, key: str = "op1") -> Path:
    return home / ".golive/operations" / key


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for is another process
        await asyncio.sleep(0.01)


async def started(home: Path, key: str = "op1") -> None:
    await until((place(home, key) / "pid").exists)


def leader(home: Path, key: str = "op1") -> int:
    return int((place(home, key) / "pid").read_text().split()[0])


def session(leader: int) -> list[int]:
    """The live processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found
