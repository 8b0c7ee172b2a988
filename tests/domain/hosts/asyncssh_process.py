"""An asyncssh server that runs each command in ``sh`` with a given home: port, host key, authorized keys, home."""

import asyncio
import os
import sys

import asyncssh


async def _session(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", process.command or "", cwd="/", env={**os.environ, "HOME": sys.argv[4]}, start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    pumps = [asyncio.create_task(_take(process, child.stdin)), asyncio.create_task(_give(child.stdout, process))]
    # wait() would wait for the pipes too, which a child in the background keeps open
    while child.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.wait(pumps[1:], timeout=0.2)
    for pump in pumps:
        pump.cancel()
    process.exit(child.returncode)


async def _take(process: "asyncssh.SSHServerProcess[bytes]", stdin: asyncio.StreamWriter) -> None:
    while data := await process.stdin.read(65536):
        stdin.write(data)
        await stdin.drain()
    stdin.close()


async def _give(stdout: asyncio.StreamReader, process: "asyncssh.SSHServerProcess[bytes]") -> None:
    while data := await stdout.read(65536):
        process.stdout.write(data)
        await process.stdout.drain()


class _Server(asyncssh.SSHServer):
    def connection_requested(self, dest_host: str, _dest_port: int, _orig_host: str, _orig_port: int) -> bool:
        return dest_host == "127.0.0.1"


async def _main() -> None:
    await asyncssh.listen(
        "127.0.0.1", int(sys.argv[1]), server_host_keys=[sys.argv[2]], authorized_client_keys=sys.argv[3],
        process_factory=_session, encoding=None, server_factory=_Server,
    )  # fmt: skip
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
