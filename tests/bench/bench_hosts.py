"""Upload, check, unpack and switch 4 MB on 40 loopback hosts, 16 at a time: the stages' engine against an OpenSSH pipe.

Run it as ``PYTHONPATH=include:. python tests/bench/bench_hosts.py [hosts]``. Every host is an sshd of its own with its
own home. Both sides send the same bundle. Ours does what a stage does for its steps, in three tasks: leases are taken,
intents recorded, the effects carried out once under their operation ids, and their outcomes recorded, in a real ledger.
"""

import asyncio
import contextlib
import hashlib
import os
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from golive.canonical import digest
from golive.hosts.archive import repack
from golive.hosts.fleet import each
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.ledger import Ledger, NewEvent, create_writer, generate_key, install
from golive.ledger.events import release_stream
from golive.release.plan import PlannedStep
from golive.secret import Secret
from golive.stages import engine
from golive.stages.definition import StepDefinition
from golive.stages.effects import State, fold_effects, operation_id
from golive.stages.fencing import give_back, take
from golive.stages.runtime import Connection, Run, Runtime
from golive.stages.subject import Subject
from golive.stages.work import FileWork, HostWork, Work
from tests.domain.conftest import Postgres
from tests.domain.hosts.servers import CLIENT_KEY, CREDENTIALS, Server, sshd
from tests.domain.release.example import environment, manifest

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


def ours(ledger: Ledger, servers: Mapping[str, Server], bundle: bytes, side: str) -> float:
    """Seconds for the three steps on all hosts, with their bookkeeping."""
    run = Run(side, "bench", "install", side, "bench")
    runtime = Runtime(ledger, run, lambda _name: Connection("", 0, "", private_key=CREDENTIALS.private_key))
    subject, content = _subject(servers), ledger.store(bundle, "application/gzip")
    works: dict[str, Work] = {
        "upload": FileWork(content, len(bundle), f"bundle-{side}.tar.gz", 0o600),
        "unpack": HostWork(Command("unpack", _UNPACK.format(side=side))),
        "switch": HostWork(Command("switch", _SWITCH.format(side=side))),
    }
    began = time.perf_counter()
    for name, work in works.items():
        definition = StepDefinition(name, lambda _manifest, _environment: (), work=lambda _scope, _step, it=work: it)
        steps = [PlannedStep("install", name, f"host:{host}", None, True, "", None, True) for host in servers]
        targets = [step.target for step in steps]
        tokens = take(ledger, "bench", targets, side).tokens
        waiting = [(step, operation_id(side, content, "bench", step.key, 1)) for step in steps]
        ledger.record(release_stream(side), *(_intent(run, step, key, tokens[step.target]) for step, key in waiting))
        asyncio.run(engine._perform_all(runtime, definition, subject, waiting, tokens))
    give_back(ledger, "bench", side)
    seconds = time.perf_counter() - began
    effects = fold_effects(ledger.read(release_stream(side)), "bench").values()
    assert [effect.state for effect in effects] == [State.IN_FORCE] * len(works) * len(servers)
    return seconds


def _subject(servers: Mapping[str, Server]) -> Subject:
    """Nothing but the hosts."""
    entry = environment().hosts["app1"]
    hosts = {
        name: entry.model_copy(
            update={field: getattr(server.address, field) for field in ("address", "port", "user", "host_key")}
        )
        for name, server in servers.items()
    }
    place = environment().model_copy(update={"environment": "bench", "hosts": hosts, "databases": {}, "balancers": {}})
    return Subject(manifest(), digest("bench"), 1, "bench", {}, {}, place, digest("bench"))


def _intent(run: Run, step: PlannedStep, operation: str, token: int) -> NewEvent:
    own = {"key": step.key, "stage": step.stage, "step": step.step, "target": step.target, "component": None}
    made = {"generation": 1, "attempt": 1, "manifest": digest("bench"), "inventory": digest("bench")}
    here = {"environment": "bench", "run_id": run.run_id, "token": token, "inputs": digest("bench")}
    return NewEvent("effect.intended", {"operation": operation, **own, **made, **here})


@contextlib.contextmanager
def ledger_in(folder: Path) -> Iterator[Ledger]:
    """An empty ledger in a PostgreSQL of its own, which syncs as a real one does."""
    data = Path(tempfile.mkdtemp(prefix="golive-bench-"))
    data.chmod(0o755)
    server = Postgres(data)
    try:
        server.start()
        with server.connect("postgres") as session:
            session.execute("ALTER SYSTEM SET fsync = on")
            session.execute("SELECT pg_reload_conf()")
        name = server.create_database()
        install(server.url(name))
        create_writer(server.url(name), "worker", Secret("worker"))
        signer = generate_key(folder / "key.pem")
        ledger = Ledger(server.url(name, "worker", "worker"), signer=signer, heads=folder / "heads")
        try:
            yield ledger
        finally:
            ledger.close()
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(data)


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


async def timed(servers: Mapping[str, Server], work: Callable[[Server], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await each(work, servers.values())
    return time.perf_counter() - began


def write_client(servers: dict[str, Server], folder: Path) -> Path:
    """The key that ``ssh`` uses; beside it the pinned host keys."""
    key = folder / "client"
    key.write_bytes(CLIENT_KEY.export_private_key())
    key.chmod(0o600)
    pinned = (f"[127.0.0.1]:{server.address.port} {server.address.host_key}\n" for server in servers.values())
    Path(f"{key}.known").write_text("".join(pinned))
    return key


def compare(ledger: Ledger, servers: dict[str, Server], key: Path, bundle: bytes, hexdigest: str) -> None:
    for number in range(ROUNDS):
        golive = ours(ledger, servers, bundle, f"a{number}")
        work = partial(pipe, key=key, bundle=bundle, hexdigest=hexdigest, side=f"b{number}")
        openssh = asyncio.run(timed(servers, work))
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
        ledger = stack.enter_context(ledger_in(folder))
        compare(ledger, servers, write_client(servers, folder), *make_bundle(folder))
        for server in servers.values():
            for side in ("a0", "b0"):
                assert (server.home / f"current-{side}/app/content").stat().st_size == 4_000_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
