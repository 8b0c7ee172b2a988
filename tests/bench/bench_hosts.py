"""Upload, check, unpack and switch 4 MB on 40 loopback hosts, 16 at a time: this package against an OpenSSH pipe.

Run it as ``PYTHONPATH=include:. python tests/bench/bench_hosts.py [hosts]``. Every host is an sshd of its own with its
own home. Both sides send the same bundle; ours also keeps the record that makes an operation happen once.
"""

import asyncio
import contextlib
import hashlib
import os
import random
import sys
import tarfile
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from golive.hosts.archive import repack
from golive.hosts.fleet import on_hosts
from golive.hosts.shell import sh
from golive.hosts.ssh import connect
from golive.hosts.values import Command, Operation, Upload
from tests.domain.hosts.servers import CLIENT_KEY, CREDENTIALS, Server, sshd

LIMIT = 16
ROUNDS = 2
_UNPACK = "mkdir -p releases/{side} && tar -xzf bundle-{side}.tar.gz -C releases/{side}"
_SWITCH = "ln -sfn releases/{side} .next-{side} && mv -T .next-{side} current-{side}"
_PIPE = "cd {home} && cat >bundle-{side}.tar.gz && echo {expected} | sha256sum -c --quiet"


def make_bundle(folder: Path) -> tuple[bytes, str]:
    """A bundle of 4 MB that hardly packs, and its digest in hex."""
    source = folder / "source.tar.gz"
    content = folder / "content"
    content.write_bytes(random.Random(1).randbytes(4_000_000))
    with tarfile.open(source, "w:gz") as archive:
        archive.add(content, "app/content")
    bundle = b"".join(repack(source)[0])
    return bundle, hashlib.sha256(bundle).hexdigest()


async def ours(server: Server, bundle: bytes, hexdigest: str, side: str) -> None:
    """Through this package: one upload and two operations over one connection."""
    upload = Upload(f"bundle-{side}.tar.gz", f"sha256:{hexdigest}", len(bundle), 0o600, 1)
    async with connect(server.address, CREDENTIALS) as host:
        await host.upload(upload, (bundle[at : at + 65536] for at in range(0, len(bundle), 65536)), timeout=120)
        for name, template in (("unpack", _UNPACK), ("switch", _SWITCH)):
            outcome = await host.operate(
                Operation(f"{name}-{side}", 1, Command(name, template.format(side=side))), timeout=120
            )
            assert outcome.succeeded, outcome


async def pipe(server: Server, key: Path, bundle: bytes, hexdigest: str, side: str) -> None:
    """Through one ``ssh`` that pipes the bundle in, checks it, unpacks and switches."""
    target = sh("{expected}", expected=f"{hexdigest}  bundle-{side}.tar.gz")
    line = sh(_PIPE.replace("{expected}", target).replace("{side}", side), home=str(server.home))
    words = [
        "ssh", "-F", "none", "-i", str(key), "-p", str(server.address.port), "-o", "IdentitiesOnly=yes",
        "-o", f"UserKnownHostsFile={key}.known", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
        f"{server.address.user}@127.0.0.1", " && ".join((line, _UNPACK.format(side=side), _SWITCH.format(side=side))),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE)
    await asyncio.wait_for(process.communicate(bundle), 120)
    assert process.returncode == 0, process.returncode


async def timed(servers: dict[str, Server], work: Callable[[Server], Awaitable[None]]) -> float:
    began = time.perf_counter()
    gathered = await on_hosts(servers, work, LIMIT)
    for error in gathered.errors.values():
        raise error
    return time.perf_counter() - began


def write_client(servers: dict[str, Server], folder: Path) -> Path:
    """The key that ``ssh`` uses; beside it the pinned host keys."""
    key = folder / "client"
    key.write_bytes(CLIENT_KEY.export_private_key())
    key.chmod(0o600)
    pinned = (f"[127.0.0.1]:{server.address.port} {server.address.host_key}\n" for server in servers.values())
    Path(f"{key}.known").write_text("".join(pinned))
    return key


async def compare(servers: dict[str, Server], key: Path, bundle: bytes, hexdigest: str) -> None:
    for number in range(ROUNDS):
        golive = await timed(servers, partial(ours, bundle=bundle, hexdigest=hexdigest, side=f"a{number}"))
        openssh = await timed(servers, partial(pipe, key=key, bundle=bundle, hexdigest=hexdigest, side=f"b{number}"))
        load = os.getloadavg()[0]
        print(f"{len(servers)} hosts: golive {golive:.2f} s, OpenSSH pipe {openssh:.2f} s, load {load:.1f}", flush=True)


def test_forty_hosts_against_an_openssh_pipe() -> None:
    """Both sides end with the same files; the figures are printed, not judged."""
    main(40)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        hosts = (f"host{number}" for number in range(count))
        servers = {host: stack.enter_context(sshd(folder, name=host)) for host in hosts}
        asyncio.run(compare(servers, write_client(servers, folder), *make_bundle(folder)))
        for server in servers.values():
            for side in ("a0", "b0"):
                assert (server.home / f"current-{side}/app/content").stat().st_size == 4_000_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
