"""A host over SSH: who it is, what it runs, and what a cut does."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from golive.hosts.errors import CommandTimeout, HostKeyMismatch, HostUnreachable, LoginRefused
from golive.hosts.fleet import each
from golive.hosts.ssh import connect
from golive.hosts.values import Command, Credentials, HostAddress, Operation, Outcome, Status
from golive.secret import Secret
from tests.domain.hosts import servers
from tests.domain.hosts.client import operate_as_client
from tests.domain.hosts.servers import CLIENT_KEY, CREDENTIALS, Server

_CONTEXT = multiprocessing.get_context("fork")


def _operation(script: str, *, key: str = "op1", token: int = 1, stdin: bytes | Secret | None = None) -> Operation:
    return Operation(key, token, Command("work", script, stdin))


def test_a_command_runs_in_the_home_with_its_input(server: Server) -> None:
    """A command runs in the deploy user's home, reads its stdin, and gives output and exit status back."""

    async def main() -> Outcome:
        async with connect(server.address, CREDENTIALS) as host:
            return await host.run(Command("read", "pwd; cat; echo oops >&2; exit 3", b"hello\n"), timeout=10)

    outcome = asyncio.run(main())
    assert outcome == Outcome(Status.FINISHED, 3, f"{server.home}\nhello\noops\n")


def test_a_background_child_does_not_hold_a_command(server: Server) -> None:
    """A command has ended when its shell has, even where a child keeps its output open."""

    async def main() -> Outcome:
        async with connect(server.address, CREDENTIALS) as host:
            return await host.run(Command("leave", "sleep 5 & echo left"), timeout=10)

    began = time.monotonic()
    assert asyncio.run(main()).output == "left\n"
    assert time.monotonic() - began < 4


def test_an_operation_happens_once_and_is_attached_to(server: Server) -> None:
    """A second operate with the same id returns the first one's outcome; the effect is there once."""

    async def main() -> list[Outcome]:
        async with connect(server.address, CREDENTIALS) as host:
            operation = _operation("cat; echo done >>effects; exit 4", stdin=Secret("secret"))
            return [await host.operate(operation, timeout=10) for _ in range(2)]

    first, second = asyncio.run(main())
    assert first == second == Outcome(Status.FINISHED, 4, "secret")
    assert (server.home / "effects").read_text() == "done\n"
    kept = [file.read_text() for file in (server.home / ".golive").rglob("*") if file.is_file()]
    assert "secret" in kept  # the output holds what the command printed
    assert not (server.home / ".golive/operations/op1/input").exists()


def test_a_cut_connection_does_not_lose_the_outcome(sshd: Server) -> None:
    """When the session is killed in the middle, operate connects again and returns the outcome of the same run."""

    async def main() -> Outcome:
        async with connect(sshd.address, CREDENTIALS) as host:
            work = asyncio.create_task(host.operate(_operation("echo once >>effects; sleep 1; echo end"), timeout=20))
            await asyncio.sleep(0.5)
            sshd.cut()
            return await work

    assert asyncio.run(main()) == Outcome(Status.FINISHED, 0, "end\n")
    assert (sshd.home / "effects").read_text() == "once\n"


def test_a_time_out_leaves_the_operation_running(sshd: Server) -> None:
    """Operate gives up after its time-out and says so; the operation goes on and can be asked for."""

    async def main() -> tuple[Outcome, Outcome]:
        async with connect(sshd.address, CREDENTIALS) as host:
            with pytest.raises(CommandTimeout):
                await host.operate(_operation("sleep 1; echo end"), timeout=0.5)
            return await host.status("op1"), await host.operate(_operation("false"), timeout=10)

    running, finished = asyncio.run(main())
    assert (running.status, finished.output) == (Status.RUNNING, "end\n")


def test_questions_do_not_wait_behind_operations(sshd: Server) -> None:
    """With more operations on a connection than it carries at a time, a status and a cancel are answered at once."""

    async def main() -> tuple[Outcome, Outcome]:
        async with connect(sshd.address, CREDENTIALS) as host:
            works = (host.operate(_operation("sleep 6", key=f"op{n}"), timeout=60) for n in range(9))
            tasks = [asyncio.create_task(work) for work in works]
            await asyncio.to_thread(_wait_for, lambda: len(list(sshd.home.glob(".golive/operations/*/pid"))) == 8)
            asked, cancelled = await host.status("op0"), await host.cancel("op0")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for known in await host.operations():
                await host.cancel(known.id)
            return asked, cancelled

    asked, cancelled = asyncio.run(main())
    assert (asked.status, cancelled.exit_status) == (Status.RUNNING, 143)


def test_a_wrong_host_key_gets_nothing_of_ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With another key pinned the connection ends before a login is tried."""
    if servers.SSHD is None:
        pytest.skip("sshd is not installed")
    with servers.sshd(tmp_path_factory.mktemp("debug"), log_level="DEBUG2") as sshd:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        with pytest.raises(HostKeyMismatch):
            asyncio.run(_login(replace(sshd.address, host_key=other)))
        before = sshd.log.read_text()
        asyncio.run(_login(sshd.address))
        after = sshd.log.read_text()[len(before) :]
    assert "KEXINIT sent" in before
    assert "userauth" not in before
    assert "userauth-request" in after


def test_a_host_that_lacks_the_pinned_kind_of_key_is_a_mismatch(sshd: Server) -> None:
    """A server that has no key of the pinned kind is refused as not being the host."""
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    with pytest.raises(HostKeyMismatch):
        asyncio.run(_login(replace(sshd.address, host_key=other)))


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(private_key=Secret(asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())),
        Credentials(password=Secret("wrong")),
        Credentials(private_key=Secret("not a key")),
        Credentials(),
    ],
    ids=["other key", "password", "broken key", "nothing"],
)
def test_a_login_that_is_not_accepted_is_refused(server: Server, credentials: Credentials) -> None:
    """A key or password that the host does not accept is LoginRefused, and names the user."""
    with pytest.raises(LoginRefused) as caught:
        asyncio.run(_login(server.address, credentials))
    assert server.address.user in caught.value.message("ko")


def test_a_host_that_is_not_there_is_unreachable(sshd: Server) -> None:
    """A port on which nothing answers is HostUnreachable, also in the middle of our work."""
    with pytest.raises(HostUnreachable):
        asyncio.run(_login(replace(sshd.address, port=1)))

    async def main() -> None:
        async with connect(sshd.address, CREDENTIALS) as host:
            work = asyncio.create_task(host.run(Command("wait", "sleep 3"), timeout=10))
            await asyncio.sleep(0.3)
            sshd.cut()
            with pytest.raises(HostUnreachable):
                await work
            assert (await host.run(Command("again", "echo back"), timeout=10)).output == "back\n"

    asyncio.run(main())


def test_a_killed_client_is_replaced_by_the_next(sshd: Server, tmp_path: Path) -> None:
    """Clients are killed at moments from before the login to after the end; the effect is there once for each."""
    private = CLIENT_KEY.export_private_key().decode()
    operations = sshd.home / ".golive/operations"
    moments: dict[str, Callable[[], bool]] = {
        "before-login": lambda: True,
        "at-login": lambda: "Connection from" in sshd.log.read_text(),
        "at-start": (operations / "at-start").exists,
        "started": (operations / "started/pid").exists,
        "effect": lambda: "effect" in _read(sshd.home / "effects"),
        "finished": (operations / "finished/status").exists,
    }
    for key, moment in moments.items():
        client = _CONTEXT.Process(target=operate_as_client, args=(sshd.address, private, _killed_work(key)))
        client.start()
        _wait_for(moment)
        client.kill()
        client.join(10)

    async def main() -> list[Outcome]:
        async with connect(sshd.address, CREDENTIALS) as host:
            return [await host.operate(_killed_work(key), timeout=20) for key in moments]

    assert asyncio.run(main()) == [Outcome(Status.FINISHED, 0, f"{key}\n") for key in moments]
    assert sorted((sshd.home / "effects").read_text().split()) == sorted(moments)


def _killed_work(key: str) -> Operation:
    return _operation(f"echo {key} >>effects; sleep 0.1; cat", key=key, stdin=f"{key}\n".encode())


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _wait_for(moment: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not moment():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_ten_hosts_work_at_the_same_time(tmp_path: Path) -> None:
    """Ten hosts are worked on side by side; one that refuses hides no other."""
    if servers.SSHD is None:
        pytest.skip("sshd is not installed")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()

    async def work(address: HostAddress) -> str:
        try:
            async with connect(address, CREDENTIALS) as host:
                return (await host.operate(_operation("pwd; sleep 0.5"), timeout=20)).output.strip()
        except HostKeyMismatch:
            return "refused"

    with contextlib.ExitStack() as stack:
        hosts = {f"app{n}": stack.enter_context(servers.sshd(tmp_path, name=f"app{n}")) for n in range(10)}
        addresses = [server.address for server in hosts.values()]
        addresses[3] = replace(addresses[3], host_key=other)
        gathered = asyncio.run(each(work, addresses))
    assert gathered == ["refused" if name == "app3" else str(server.home) for name, server in hosts.items()]


def test_a_forwarded_port_leads_to_the_hosts_loopback(server: Server) -> None:
    """What connects to the forwarded port talks to the port on the host's own loopback."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello from the host")
        await writer.drain()
        writer.close()

    async def main() -> bytes:
        service = await asyncio.start_server(answer, "127.0.0.1", 0)
        far = service.sockets[0].getsockname()[1]
        async with service, connect(server.address, CREDENTIALS) as host, host.forward(far) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            said = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return said

    assert asyncio.run(main()) == b"hello from the host"


async def _login(address: HostAddress, credentials: Credentials = CREDENTIALS) -> None:
    async with connect(address, credentials):
        return
