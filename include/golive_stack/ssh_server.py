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
        status = await child.wait()
        await asyncio.wait(telling, timeout=_LINGER_SECONDS)  # something in the background may hold them open
        for pump in (feeding, *telling):
            pump.cancel()
        if status < 0:
            self.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self.exit(status)


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
    """Lets in only ``user`` (by key), runs commands in ``home``, and forwards only to the loopback."""

    def __init__(self, user: str, home: Path) -> None:
        self._user = user
        self._home = home
        self._asked_for = ""

    def begin_auth(self, username: str) -> bool:
        self._asked_for = username
        return True

    def public_key_auth_supported(self) -> bool:
        return self._asked_for == self._user

    def session_requested(self) -> Session:
        return Session(self._home)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:  # noqa: ARG002
        return dest_host in _LOOPBACK


async def serve(folder: Path, port: int, user: str) -> None:
    """Serve until cancelled."""
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=lambda: HostServer(user, folder / "home"),
        server_host_keys=[str(folder / "host_key")],
        authorized_client_keys=str(folder / "authorized_keys"),
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
