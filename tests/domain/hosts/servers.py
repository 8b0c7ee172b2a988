"""SSH servers for the tests: OpenSSH's sshd, and an asyncssh server where it is missing. Loopback only."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from golive.hosts.values import Credentials, HostAddress
from golive.secret import Secret

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")
CREDENTIALS = Credentials(private_key=Secret(CLIENT_KEY.export_private_key().decode()))
_HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


@dataclass(frozen=True)
class Server:
    """A running server: its process, its host's home, and how to reach it."""

    process: subprocess.Popen[bytes]
    home: Path
    address: HostAddress
    log: Path

    def sessions(self) -> list[int]:
        """The processes that serve its connections."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def cut(self) -> None:
        """End every connection; what its sessions started goes on."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def sshd(
    folder: Path, *, limit_kib: int | None = None, name: str = "app1", log_level: str = "VERBOSE"
) -> Iterator[Server]:
    """OpenSSH's sshd as the current user. ``limit_kib`` bounds the files that its sessions can write."""
    if SSHD is None:
        raise FileNotFoundError("sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port, home = _free_port(), folder / f"{name}-home"
    home.mkdir()
    config = _configure(folder, name, port, home, log_level)
    log = folder / f"{name}.log"
    line = [SSHD, "-D", "-e", "-f", str(config)]
    if limit_kib is not None:
        line = ["dash", "-c", f'ulimit -f {limit_kib * 2}; exec "$@"', "limited", *line]
    with _serving(line, log, port) as process:
        yield Server(process, home, _address(name, port), log)


@contextlib.contextmanager
def asyncssh_server(folder: Path, *, name: str = "app1") -> Iterator[Server]:
    """An asyncssh server in a process of its own; its home is a link that each test leads to a folder of its own."""
    port, home = _free_port(), folder / f"{name}-home"
    key, log = folder / f"{name}-host-key", folder / f"{name}.log"
    key.write_bytes(_HOST_KEY.export_private_key())
    keys = folder / f"{name}-authorized"
    keys.write_bytes(CLIENT_KEY.export_public_key())
    script = Path(__file__).with_name("asyncssh_process.py")
    with _serving([sys.executable, str(script), str(port), str(key), str(keys), str(home)], log, port) as process:
        yield Server(process, home, _address(name, port), log)


def _configure(folder: Path, name: str, port: int, home: Path, log_level: str) -> Path:
    key, keys, config = folder / f"{name}-host-key", folder / f"{name}-authorized", folder / f"{name}.conf"
    key.write_bytes(_HOST_KEY.export_private_key())
    key.chmod(0o600)
    keys.write_bytes(CLIENT_KEY.export_public_key())
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {key}\nAuthorizedKeysFile {keys}\nPidFile none\nStrictModes no\n"
        "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        f"MaxStartups 100\nLogLevel {log_level}\nSetEnv HOME={home}\n"
    )
    return config


@contextlib.contextmanager
def _serving(line: list[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as sink:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    try:
        _until_listening(process, port, log)
        yield process
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.terminate()
        process.wait(10)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"the server did not start: {log.read_text()}")


def _address(name: str, port: int) -> HostAddress:
    line = _HOST_KEY.export_public_key().decode().strip()
    user = os.environ.get("USER") or subprocess.check_output(["id", "-un"], text=True, timeout=5).strip()
    return HostAddress(name=name, address="127.0.0.1", port=port, user=user, host_key=line)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
