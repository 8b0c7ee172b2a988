"""An SSH host where OpenSSH's server is not installed: ``python -m golive_stack.ssh_server --folder … --port …``.

Runs commands through ``sh`` in the host's home, passes signals on, and forwards to the loopback, as OpenSSH's
server does here. No password, no SFTP, no terminal.
"""

import argparse
import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import asyncssh

from golive_stack.processes import MARK

_LOOPBACK = ("127.0.0.1", "localhost")
_PIECE = 65_536
_LINGER_SECONDS = 0.5


class Session(asyncssh.SSHServerProcess[bytes]):
    """One command in ``home``: its streams are the session's, and its exit status the session's too."""

    def __init__(self, home: Path) -> None:
        super().__init__(self._run, None, 0, False)
        self._home = home
        self._child: Process | None = None

    def signal_received(self, signal: str) -> None:
        """Pass the client's signal to the command's whole group, as long as it runs."""
        if self._child is not None and self._child.returncode is None:
            os.killpg(self._child.pid, _number(signal))

    async def _run(self, _process: "asyncssh.SSHServerProcess[bytes]") -> None:
        if self.command is None:
            self.stderr.write(b"This host runs commands only.\n")
            self.exit(1)
            return
        argv = ("/bin/sh", "-c", self.command)
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self._home,
            env=_environment(self._home),
            start_new_session=True,
        )
        self._child = child
        feeding = asyncio.create_task(_feed(self.stdin, child.stdin))
        telling = [
            asyncio.create_task(_pump(child.stdout, self.stdout)),
            asyncio.create_task(_pump(child.stderr, self.stderr)),
        ]
        status = await _exit_status(child)
        await asyncio.wait(telling, timeout=_LINGER_SECONDS)  # something in the background may hold them open
        for pump in (feeding, *telling):
            pump.cancel()
        if status < 0:
            self.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self.exit(status)


async def _exit_status(child: Process) -> int:
    """Also while a process in the background holds the child's pipes open: ``wait`` alone may wait for those too."""
    ending = asyncio.create_task(child.wait())
    while child.returncode is None:
        await asyncio.wait({ending}, timeout=0.05)
    ending.cancel()
    return child.returncode


async def _feed(source: Any, target: Any) -> None:
    await _pump(source, target)
    target.close()


async def _pump(source: Any, target: Any) -> None:
    """Pass bytes on until the source ends or the target takes no more; memory stays flat."""
    try:
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()
    except (OSError, asyncssh.Error):
        return  # the other end has gone, as a command may end before its input or a client before the output


def _environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "SHELL": "/bin/sh",
        "GOLIVE_PYTHON": sys.executable,
        MARK: os.environ[MARK],
    }


def _number(name: str) -> signal.Signals:
    try:
        return signal.Signals[f"SIG{name}"]
    except KeyError:
        return signal.SIGTERM


class HostServer(asyncssh.SSHServer):
    """Lets in only ``user`` (by key), runs commands in ``folder/home``, and forwards only to the loopback."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        """Always asks for proof; only the one user has keys that are any."""
        if username == self._user and self._connection is not None:
            self._connection.set_authorized_keys(str(self._folder / "authorized_keys"))
        return True

    def session_requested(self) -> Session:
        return Session(self._folder / "home")

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return dest_host in _LOOPBACK


async def serve(folder: Path, port: int, user: str) -> None:
    """Serve until cancelled."""
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=lambda: HostServer(folder, user),
        server_host_keys=[str(folder / "host_key")],
        encoding=None,
        reuse_address=True,
        agent_forwarding=False,
        line_editor=False,
    )
    await server.wait_closed()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.folder, arguments.port, arguments.user))


if __name__ == "__main__":
    main()
