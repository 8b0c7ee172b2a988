"""The strict reader: what it refuses, and what it makes of an honest archive."""

import gzip
import hashlib
import subprocess
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from golive.errors import InputError
from golive.hosts.archive import Kind, Limits, inspect, repack
from golive.hosts.errors import ArchiveRefused
from tests.domain.hosts import archives
from tests.domain.hosts.archives import folder, link, member, tar_gz, tar_zst, write, zip_member, zipped

HONEST = (
    folder("./"),
    folder("./bin"),
    member("./bin/serve", b"#!/bin/sh\n", mode=0o755),
    member("./" + archives.LONG, b"deep"),
    member("./문서/안내.txt", "안녕".encode()),
    link("./current", "bin/serve"),
    link("./bin/up", "../bin"),
    member("./-rf", b""),
)


@pytest.mark.parametrize("name", archives.REFUSED)
def test_a_bad_archive_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    """What must not be unpacked is refused by name of the reason, in both languages, and as bad input."""
    reason, make = archives.REFUSED[name]
    source = write(tmp_path, make())
    with pytest.raises(ArchiveRefused) as caught:
        repack(source)
    assert caught.value.data["reason"] == reason
    assert isinstance(caught.value, InputError)
    assert "artifact" in caught.value.message("ko")
    assert all(character.isprintable() for character in caught.value.message("en"))


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(members=3), "members"), (Limits(size=10), "size"), (Limits(ratio=2, ratio_from=100), "ratio")],
)
@pytest.mark.parametrize("make", [tar_gz, tar_zst])
def test_limits_hold(tmp_path: Path, limits: Limits, reason: str, make: object) -> None:
    """More members, more bytes or more growth than allowed are refused."""
    source = write(tmp_path, make(*HONEST))  # type: ignore[operator]
    with pytest.raises(ArchiveRefused) as caught:
        inspect(source, limits)
    assert caught.value.data["reason"] == reason


def test_limits_hold_for_zip(tmp_path: Path) -> None:
    """A zip with more members than allowed is refused before its directory is read."""
    source = write(tmp_path, zipped(*((f"f{index}", b"") for index in range(5))))
    with pytest.raises(ArchiveRefused) as caught:
        inspect(source, Limits(members=4))
    assert caught.value.data["reason"] == "members"


def test_an_honest_archive_tells_its_members(tmp_path: Path) -> None:
    """Members come in their order, with clean paths, plain modes and digests of their content."""
    members = inspect(write(tmp_path, tar_gz(*HONEST)))
    assert [item.path for item in members] == [
        "bin", "bin/serve", archives.LONG, "문서/안내.txt", "current", "bin/up", "-rf",
    ]  # fmt: skip
    serve = members[1]
    assert (serve.kind, serve.mode, serve.size) == (Kind.FILE, 0o755, 10)
    assert serve.digest == "sha256:" + hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    assert (members[4].kind, members[4].target, members[4].digest) == (Kind.SYMLINK, "bin/serve", "")


def test_the_bundle_is_the_same_from_every_format(tmp_path: Path) -> None:
    """The same content gives the same bundle, byte for byte, whatever archive, times and owners it came from."""
    files = [("bin/serve", b"#!/bin/sh\n" * 999), ("data", b"x" * 5000)]
    later = [member(name, content, mtime=99, uid=7, uname="x", mode=0o600) for name, content in files]
    sources = [
        tar_gz(*(member(name, content) for name, content in files)),
        tar_zst(*later),
        gzip.compress(archives.tar(*later, format=tarfile.PAX_FORMAT), mtime=5),
        zipped(*files),
    ]
    bundles = {_bundle(write(tmp_path, content)) for content in sources}
    assert len(bundles) == 1


@pytest.mark.parametrize("tool", [["tar"], ["busybox", "tar"]])
@pytest.mark.parametrize("kind", ["tar_gz", "tar_zst"])
def test_tar_unpacks_the_bundle(tmp_path: Path, tool: list[str], kind: str) -> None:
    """GNU's and busybox's tar unpack a bundle with long, Korean and dashed names, links and modes."""
    source = write(tmp_path, getattr(archives, kind)(*HONEST))
    target = tmp_path / "out"
    target.mkdir()
    subprocess.run([*tool, "-xzf", "-"], input=_bundle(source), cwd=target, check=True, timeout=20)
    assert (target / archives.LONG).read_bytes() == b"deep"
    assert (target / "문서/안내.txt").read_text() == "안녕"
    assert (target / "bin/serve").stat().st_mode & 0o777 == 0o755
    assert (target / "current").readlink() == Path("bin/serve")


def test_the_systems_own_tar_and_its_pax_headers_are_read(tmp_path: Path) -> None:
    """An archive as ``tar -czf`` and ``git archive`` write it is accepted, its extra headers passed over."""
    tree = tmp_path / "tree"
    (tree / "d").mkdir(parents=True)
    (tree / "d" / ("n" * 120)).write_text("long")
    for kind in ("gnu", "pax"):
        archive = tmp_path / f"{kind}.tar.gz"
        subprocess.run(["tar", f"--format={kind}", "-czf", archive, "-C", tree, "."], check=True, timeout=20)
        assert [item.path for item in inspect(archive)] == ["d", "d/" + "n" * 120]
    comment = gzip.compress(archives.pax_global({"comment": "4f1c2ab"}))
    assert [item.path for item in inspect(write(tmp_path, comment))] == ["a"]


def test_zip_of_unix_and_of_windows(tmp_path: Path) -> None:
    """Modes, links and folders of a Unix zip are kept; one of Windows gives plain files; a comment may stand."""
    content = zipped(
        ("d/", b""), (zip_member("d/run", 0o100755), b"x"), (zip_member("l", 0o120777), b"d/run"),
        (zip_member("win", 0, system=0), b"y"), ("한글", b"z"), comment=b"commit",
    )  # fmt: skip
    members = inspect(write(tmp_path, content))
    assert [(item.path, item.kind, item.mode) for item in members] == [
        ("d", Kind.DIRECTORY, 0o755), ("d/run", Kind.FILE, 0o755), ("l", Kind.SYMLINK, 0o755),
        ("win", Kind.FILE, 0o644), ("한글", Kind.FILE, 0o644),
    ]  # fmt: skip
    assert members[2].target == "d/run"


def test_a_file_that_changes_between_check_and_use_is_refused(tmp_path: Path) -> None:
    """The bundle's chunks are checked against what was inspected."""
    source = write(tmp_path, tar_gz(member("a", b"1")))
    chunks, _ = repack(source)
    write(tmp_path, tar_gz(member("a", b"2")))
    with pytest.raises(ArchiveRefused) as caught:
        list(chunks)
    assert caught.value.data["reason"] == "changed"


@pytest.mark.parametrize("kind", ["tar_gz", "tar_zst"])
def test_memory_is_flat(tmp_path: Path, kind: str) -> None:
    """Reading and writing 32 MiB takes no more memory, even where a few bytes grow into all of it."""
    source = write(tmp_path, getattr(archives, kind)(member("a", bytes(32 << 20))))
    tracemalloc.start()
    chunks, _ = repack(source, Limits(ratio=1_000_000))
    for _ in chunks:
        continue
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def _bundle(source: Path) -> bytes:
    return b"".join(repack(source)[0])
