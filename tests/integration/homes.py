"""Homes for the embedded stack in tests: made empty, left without a process."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from golive.hosts.ssh import connect
from golive.hosts.values import Command, Credentials, HostAddress
from golive.release.environment import load_environment
from golive.secret import Secret
from golive_stack import lifecycle, processes
from golive_stack.home import Home
from golive_stack.info import Info


def silent(_line: str) -> None:
    return None


def survivors(home: Home) -> list[str]:
    """What still runs for ``home``: by its mark, or by the folder in its command line."""
    marked = {process.pid for process in processes.sweep(home)}
    named = {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and str(home.root) in " ".join(process.info["cmdline"] or ())
    }
    return [" ".join(psutil.Process(pid).cmdline()) for pid in marked | named if psutil.pid_exists(pid)]


@contextmanager
def empty_home() -> Iterator[Home]:
    # Not under tmp_path: as root, PostgreSQL runs as another user, who may not enter pytest's private folders.
    folder = Path(tempfile.mkdtemp(prefix="golive-stack-"))
    home = Home(folder / "home")
    yield home
    lifecycle.down(home, silent)
    left = survivors(home)
    shutil.rmtree(folder)
    assert left == []


def run_on(stack: Info, environment: str, name: str, script: str, seconds: float = 20) -> tuple[int | None, str]:
    """Exit status and output of ``script`` on a host, by the domain's own transport."""
    described = load_environment(stack.environments[environment]).hosts[name]
    address = HostAddress(name, described.address, described.port, described.user, described.host_key)
    key = Secret((stack.home.keys / f"deploy-{environment}").read_text())

    async def run() -> tuple[int | None, str]:
        async with connect(address, Credentials(private_key=key)) as host:
            outcome = await host.run(Command("test", script), timeout=seconds)
            return outcome.exit_status, outcome.output

    return asyncio.run(run())
