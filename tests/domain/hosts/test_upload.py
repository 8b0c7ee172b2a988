"""Uploads: checked before they get their name, never half there, fenced, and in flat memory."""

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from golive.hosts.errors import DiskFull, HostUnreachable, HostUnusable, StaleToken, UploadMismatch, WordRefused
from golive.hosts.local import local_host
from golive.hosts.remote import ShellHost
from golive.hosts.ssh import connect
from golive.hosts.values import Command, Outcome, Status, Upload
from tests.domain.hosts import servers
from tests.domain.hosts.servers import CREDENTIALS, Server

CONTENT = bytes(range(256)) * 4096


def upload_of(content: bytes = CONTENT, *, target: str = "releases/2.0/api.tar.gz", token: int = 1) -> Upload:
    return Upload(target, "sha256:" + hashlib.sha256(content).hexdigest(), len(content), 0o640, token)


def chunks(content: bytes = CONTENT, size: int = 65536) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def left_over(home: Path) -> list[Path]:
    return list(home.rglob(".golive-part*"))


def test_a_file_arrives_whole(local: ShellHost, home: Path) -> None:
    """A file gets its content and its mode; sending it again sends nothing and says so."""
    first = asyncio.run(local.upload(upload_of(), chunks(), timeout=20))
    again = asyncio.run(local.upload(upload_of(), _Untouched(), timeout=20))
    target = home / "releases/2.0/api.tar.gz"
    assert (first.output, again.output) == ("stored", "present")
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mode & 0o777 == 0o640
    assert left_over(home) == []


class _Untouched:
    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("nothing is to be sent")


def test_over_ssh_too(server: Server) -> None:
    """The same over a real server of either kind."""

    async def main() -> list[str]:
        async with connect(server.address, CREDENTIALS) as host:
            return [(await host.upload(upload_of(), chunks(), timeout=20)).output for _ in range(2)]

    assert asyncio.run(main()) == ["stored", "present"]
    assert (server.home / "releases/2.0/api.tar.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"x", b"", CONTENT[:-1] + b"x"])
def test_other_bytes_are_refused(local: ShellHost, home: Path, sent: bytes) -> None:
    """Bytes that are fewer, more or others than the digest says leave the old file and no part."""
    (home / "releases/2.0").mkdir(parents=True)
    (home / "releases/2.0/api.tar.gz").write_bytes(b"old")
    with pytest.raises(UploadMismatch):
        asyncio.run(local.upload(upload_of(), chunks(sent), timeout=20))
    assert (home / "releases/2.0/api.tar.gz").read_bytes() == b"old"
    assert left_over(home) == []


def test_a_lower_token_uploads_nothing(local: ShellHost, home: Path) -> None:
    """An upload with a lower token is refused before it sends; one that was overtaken meanwhile gets no name."""

    async def main() -> None:
        await local.raise_fence(3)
        with pytest.raises(StaleToken):
            await local.upload(upload_of(token=2), _Untouched(), timeout=20)
        with pytest.raises(StaleToken):
            await local.upload(upload_of(token=3), _overtaken(home), timeout=20)

    asyncio.run(main())
    assert not (home / "releases/2.0/api.tar.gz").exists()
    assert left_over(home) == []


def _overtaken(home: Path) -> Iterator[bytes]:
    (home / ".golive/fence").write_text("4\n")
    yield CONTENT


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x", "", "a\0b"])
def test_a_target_stays_in_the_home(local: ShellHost, target: str) -> None:
    """A target outside the home directory never reaches the host."""
    with pytest.raises(WordRefused):
        asyncio.run(local.upload(upload_of(target=target), _Untouched(), timeout=20))


@pytest.mark.parametrize("target", ["-rf", "a b/c", "$(id)", "한글", "a'b", "-d/x"])
def test_a_target_may_have_any_name(local: ShellHost, home: Path, target: str) -> None:
    """A name is a word, whatever it looks like."""
    asyncio.run(local.upload(upload_of(target=target), chunks(), timeout=20))
    assert (home / target).read_bytes() == CONTENT


def test_a_folder_is_not_replaced(local: ShellHost, home: Path) -> None:
    """Where a directory has the target's name, nothing is put into it."""
    (home / "releases/2.0/api.tar.gz").mkdir(parents=True)
    with pytest.raises(HostUnusable, match="is a directory"):
        asyncio.run(local.upload(upload_of(), _Untouched(), timeout=20))


def test_a_link_is_replaced_and_not_followed(local: ShellHost, home: Path) -> None:
    """A symbolic link at the target gives way to the file; what it led to stays."""
    (home / "releases/2.0").mkdir(parents=True)
    (home / "elsewhere").write_bytes(CONTENT)
    (home / "releases/2.0/api.tar.gz").symlink_to(home / "elsewhere")
    assert asyncio.run(local.upload(upload_of(), chunks(), timeout=20)).output == "stored"
    assert not (home / "releases/2.0/api.tar.gz").is_symlink()


def test_parts_of_the_dead_are_removed(local: ShellHost, home: Path) -> None:
    """What an uploader that was killed left behind goes with the next upload; the part of a living one stays."""
    folder = home / "releases/2.0"
    folder.mkdir(parents=True)
    (folder / ".golive-part.0123456789ab.999999999").touch()
    living = folder / f".golive-part.0123456789ab.{os.getpid()}"
    living.touch()
    asyncio.run(local.upload(upload_of(), chunks(), timeout=20))
    assert left_over(home) == [living]


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    """Where a host cannot hold the file it says so, keeps no part, and the old file serves on."""
    if servers.SSHD is None:
        pytest.skip("sshd is not installed")

    async def main(server: Server) -> Outcome:
        async with connect(server.address, CREDENTIALS) as host:
            with pytest.raises(DiskFull) as caught:
                await host.upload(upload_of(), chunks(), timeout=20)
            assert caught.value.data["host"] == "app1"
            return await host.run(Command("look", "find . -name .golive-part*; cat releases/2.0/api.tar.gz"), timeout=5)

    with servers.sshd(tmp_path, limit_kib=256) as server:
        (server.home / "releases/2.0").mkdir(parents=True)
        (server.home / "releases/2.0/api.tar.gz").write_bytes(b"old")
        assert asyncio.run(main(server)) == Outcome(Status.FINISHED, 0, "old")


def test_no_space_is_a_full_disk(home: Path) -> None:
    """A device without space is told apart from one that refuses for another reason."""
    (home / "releases/2.0").mkdir(parents=True)
    (home / "tools").mkdir()
    for words, error in (("No space left on device", DiskFull), ("Input/output error", HostUnusable)):
        tool = home / "tools/cat"
        tool.write_text(f'#!/bin/dash\necho "cat: write error: {words}" >&2\nexit 1\n')
        tool.chmod(0o755)
        host = local_host(home, environment={"PATH": f"{home}/tools:{os.environ['PATH']}"})
        with pytest.raises(error, match=words):
            asyncio.run(host.upload(upload_of(), chunks(), timeout=20))
    assert left_over(home) == []


def test_a_cut_leaves_nothing(sshd: Server) -> None:
    """When the connection goes in the middle of an upload, the part goes too."""

    async def main() -> None:
        async with connect(sshd.address, CREDENTIALS) as host:
            with pytest.raises(HostUnreachable):
                await host.upload(upload_of(), _cut(sshd), timeout=20)

    asyncio.run(main())
    for _ in range(100):
        if not left_over(sshd.home):
            break
        asyncio.run(asyncio.sleep(0.02))
    assert left_over(sshd.home) == []
    assert not (sshd.home / "releases/2.0/api.tar.gz").exists()


def _cut(server: Server) -> Iterator[bytes]:
    yield CONTENT[:100_000]
    server.cut()
    yield CONTENT[100_000:]


def test_memory_is_flat(sshd: Server) -> None:
    """Sending 32 MiB takes a few MiB: the sender waits for the host."""
    size, block = 32 << 20, bytes(1 << 20)
    digest = hashlib.sha256()
    for _ in range(32):
        digest.update(block)
    upload = Upload("big", f"sha256:{digest.hexdigest()}", size, 0o600, 1)

    async def main() -> int:
        async with connect(sshd.address, CREDENTIALS) as host:
            tracemalloc.start()
            await host.upload(upload, (block for _ in range(32)), timeout=60)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return peak

    assert asyncio.run(main()) < 12 << 20
    assert (sshd.home / "big").stat().st_size == size
