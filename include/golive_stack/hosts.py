"""The example's SSH hosts: each with its own home directory, host key, port and authorized key."""

import getpass
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from golive_stack import processes, sshd
from golive_stack.errors import UnknownProcess
from golive_stack.files import write_private
from golive_stack.home import REPOSITORY, Home
from golive_stack.processes import MARK, ProcessSpec
from golive_stack.state import State
from golive_stack.waiting import wait_ready


@dataclass(frozen=True)
class HostRow:
    """A host of the example. ``balancer``: it runs its environment's balancer too."""

    environment: str
    name: str
    role: str
    balancer: bool = False

    @property
    def process(self) -> str:
        return f"host-{self.environment}-{self.name}"


# The test environment is one machine that does everything; production has a machine for its balancer.
HOSTS = (
    HostRow("test", "app1", "app", balancer=True),
    HostRow("production", "app1", "app"),
    HostRow("production", "app2", "app"),
    HostRow("production", "app3", "app"),
    HostRow("production", "lb1", "balancer", balancer=True),
)


@dataclass(frozen=True)
class StackHost:
    """A host with everything chosen. ``limit_file_kb`` makes its disk look full for anything bigger."""

    row: HostRow
    folder: Path
    port: int
    user: str
    host_key: str
    client_key: Path
    limit_file_kb: int | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"


def find(environment: str, name: str) -> HostRow:
    """The row of a host. Raises ``UnknownProcess``."""
    for row in HOSTS:
        if (row.environment, row.name) == (environment, name):
            return row
    known = ", ".join(f"{row.environment}/{row.name}" for row in HOSTS)
    raise UnknownProcess(name=f"{environment}/{name}", known=known)


def prepare(home: Home, state: State, row: HostRow) -> StackHost:
    """Choose the port, make keys and folders; what is there stays."""
    folder = home.host(row.environment, row.name)
    (folder / "home").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    client_key = home.keys / f"deploy-{row.environment}"
    client_public = _key(client_key)
    write_private(folder / "authorized_keys", client_public + "\n")
    limit = state.option(f"{row.process}/limit_file_kb")
    return StackHost(
        row=row,
        folder=folder,
        port=state.port(row.process),
        user=getpass.getuser() if os.geteuid() else "root",
        host_key=_key(folder / "host_key"),
        client_key=client_key,
        limit_file_kb=int(limit) if limit else None,
    )


def _key(file: Path) -> str:
    """The public line of the Ed25519 key in ``file``, made when missing."""
    if not file.exists():
        write_private(file, asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())
    return asyncssh.read_private_key(file).export_public_key().decode().strip()


def specification(home: Home, host: StackHost) -> ProcessSpec:
    """OpenSSH's server where it is installed, else ours; ``GOLIVE_SSH=asyncssh`` asks for ours."""
    program = None if os.environ.get("GOLIVE_SSH") == "asyncssh" else sshd.find()
    environment = {"HOME": str(host.home), "GOLIVE_PYTHON": sys.executable, MARK: str(home.root)}
    argv = _our_server(host) if program is None else sshd.command(program, host.folder, host.port, environment)
    return ProcessSpec(
        name=host.row.process,
        argv=argv,
        environment={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(REPOSITORY / "include")},
        folder=host.home,
        port=host.port,
        stop_seconds=3.0,
        limit_file_kb=host.limit_file_kb,
    )


def _our_server(host: StackHost) -> tuple[str, ...]:
    folder = ("--folder", str(host.folder), "--port", str(host.port), "--user", host.user)
    return (sys.executable, "-m", "golive_stack.ssh_server", *folder)


def restart(home: Home, environment: str, name: str, limit_file_kb: int | None = None) -> None:
    """Stop one host's SSH server and its sessions, and start it again with (or, None, without) a file limit."""
    row = find(environment, name)
    state = State(home.state)
    state.set_option(f"{row.process}/limit_file_kb", "" if limit_file_kb is None else str(limit_file_kb))
    host = prepare(home, state, row)
    if (record := processes.running(home, row.process)) is not None:
        processes.stop(home, record)
    record = processes.start(home, specification(home, host))
    wait_ready(home, record, lambda: sshd.missing(host.port), 15.0)


def balancer(home: Home, state: State, host: StackHost) -> ProcessSpec:
    """The balancer of ``host``, with the commands by which the host drives it."""
    _commands(host.home)
    upstream = host.home / "balancer" / "upstream.conf"
    if not upstream.exists():
        write_private(upstream, "# No server yet.\n")
    name = f"balancer-{host.row.environment}"
    port = state.port(name)
    place = ("--home", str(host.home), "--port", str(port))
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-m", "golive_stack.balancer.service", *place),
        environment={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(REPOSITORY / "include")},
        folder=host.home,
        port=port,
        stop_seconds=3.0,
    )


def _commands(home: Path) -> None:
    control = Path(__file__).with_name("balancer") / "control.py"
    for word in ("reload", "status"):
        script = f"#!/bin/sh\nexec {sshd.quote(sys.executable)} -I -S {sshd.quote(str(control))} {word}\n"
        write_private(home / "bin" / f"balancer-{word}", script, mode=0o755)


def wipe(home: Home) -> None:
    """Forget every host's home directory: the example starts from empty machines. Keys and ports stay."""
    for row in HOSTS:
        shutil.rmtree(home.host(row.environment, row.name) / "home", ignore_errors=True)
