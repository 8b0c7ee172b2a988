"""The same commands run by a real shell in a home of their own, cut off and asked again."""

import os
import shlex
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from golive.canonical import digest_bytes
from golive.hosts.values import Command
from golive.secret import Secret
from golive.stages import host_steps, switch
from golive.stages.service import control_script, launch_script
from golive.stages.tree import tree_of
from tests.domain.stages.history import PLACEMENT

Run = Callable[[Command], "subprocess.CompletedProcess[bytes]"]

KEPT = (".golive/launch", "etc/app.conf", "var/*")

CONTROL = """#!/bin/sh
echo "$*" >>calls
[ "$1" != start ] || [ ! -e "broken-$3" ] || exit 1
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def shell(command: Command) -> "subprocess.CompletedProcess[bytes]":
        given = command.stdin.reveal().encode() if isinstance(command.stdin, Secret) else command.stdin or b""
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        words = ("sh", "-c", command.script)
        return subprocess.run(
            words, check=False, input=given, cwd=tmp_path, env=environment, capture_output=True, timeout=20
        )

    return shell


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A component's folder with two releases in it, the old one current."""
    root = tmp_path / PLACEMENT.root
    for name in ("1.0.0-old", PLACEMENT.directory):
        (root / "releases" / name).mkdir(parents=True)
    for name in ("run", "incoming"):
        (root / name).mkdir()
    (root / "control").write_text(CONTROL)
    (root / "current").symlink_to("releases/1.0.0-old")
    return root


def current(root: Path) -> str:
    return str((root / "current").readlink()) if (root / "current").is_symlink() else ""


def calls(root: Path) -> list[str]:
    return (root / "calls").read_text().splitlines() if (root / "calls").exists() else []


def test_there_and_back(run: Run, root: Path) -> None:
    """The new release becomes current and the old one comes back; asked again, both change nothing more."""
    for _ in range(2):
        assert run(switch.switch(PLACEMENT, 1, 2)).returncode == 0
        assert current(root) == f"releases/{PLACEMENT.directory}"
    for _ in range(2):
        assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0
        assert current(root) == "releases/1.0.0-old"
    assert calls(root)[-1] == "start live 1.0.0-old 3"


def test_back_to_nothing(run: Run, root: Path) -> None:
    """Where nothing was current, nothing is current after the rollback, and nothing is started."""
    (root / "current").unlink()
    run(switch.switch(PLACEMENT, 1, 2))
    assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0
    assert current(root) == ""
    assert calls(root)[-1] == "stop live 2"


def test_cut_off_between_stop_and_rename_the_old_one_is_started_again(run: Run, root: Path) -> None:
    """Half a switch: the old release is current, but stopped."""
    (root / PLACEMENT.before).write_text("1.0.0-old\n")
    assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0
    assert calls(root) == ["start live 1.0.0-old 3"]


def test_a_host_that_was_never_switched_is_left_alone(run: Run, root: Path, tmp_path: Path) -> None:
    """No note, a note of an earlier attempt while something newer serves, or no component at all: nothing happens."""
    assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0
    (root / PLACEMENT.before).write_text("0.9.0-older\n")
    assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0
    assert (current(root), calls(root)) == ("releases/1.0.0-old", [])
    root.rename(tmp_path / "gone")
    assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 0


def test_the_note_of_an_earlier_attempt_is_written_anew(run: Run, root: Path) -> None:
    """What is brought back is what was current just before, not what was current long ago."""
    (root / PLACEMENT.before).write_text("0.9.0-older\n")
    run(switch.switch(PLACEMENT, 1, 2))
    run(switch.switch_back(PLACEMENT, 3, 2))
    assert current(root) == "releases/1.0.0-old"


def test_an_old_release_that_does_not_start_is_a_failure(run: Run, root: Path) -> None:
    """And the second try knows it too."""
    run(switch.switch(PLACEMENT, 1, 2))
    (root / "broken-1.0.0-old").touch()
    for _ in range(2):
        assert run(switch.switch_back(PLACEMENT, 3, 2)).returncode == 1


def test_what_serves_is_neither_removed_nor_unconfigured(run: Run, root: Path) -> None:
    """Both refuse, whatever the ledger thought."""
    run(switch.switch(PLACEMENT, 1, 2))
    for command in (host_steps.remove_release(PLACEMENT), host_steps.unconfigure(PLACEMENT, ["etc/app.conf"])):
        assert run(command).returncode == 14
    run(switch.switch_back(PLACEMENT, 3, 2))
    assert run(host_steps.remove_release(PLACEMENT)).returncode == 0
    assert not (root / "releases" / PLACEMENT.directory).exists()
    assert not (root / PLACEMENT.before).exists()


def test_a_file_is_put_back_as_it_was(run: Run, tmp_path: Path) -> None:
    """Also when it was put twice; and where there was none, there is none."""
    target = tmp_path / "control"
    for before in ("mine\n", None):
        if before is None:
            target.unlink()
        else:
            target.write_text(before)
        for content in ("one\n", "two\n"):
            assert run(host_steps.put_file("control", content, "0750", "keep")).returncode == 0
        assert (target.read_text(), target.stat().st_mode & 0o777) == ("two\n", 0o750)
        assert run(host_steps.file_is("control", digest_bytes(b"two\n"))).returncode == 0
        for _ in range(2):
            assert run(host_steps.restore_file("control", "keep", digest_bytes(b"two\n"))).returncode == 0
        assert (target.read_text() if target.exists() else None) == before


def test_a_file_that_somebody_else_has_written_since_is_not_put_back(run: Run, tmp_path: Path) -> None:
    """Another release's file stays, and what was kept of before goes."""
    target = tmp_path / "control"
    target.write_text("before\n")
    assert run(host_steps.put_file("control", "ours\n", "0750", "keep")).returncode == 0
    target.write_text("another release\n")
    assert run(host_steps.restore_file("control", "keep", digest_bytes(b"ours\n"))).returncode == 0
    assert target.read_text() == "another release\n"
    assert not list((tmp_path / ".golive" / "before").iterdir())


def test_only_folders_that_were_made_and_are_empty_go(run: Run, tmp_path: Path) -> None:
    """What was there before stays, and so does what holds something by now."""
    (tmp_path / "a").mkdir()
    names = ("a", "a/b", "a/b/c", "a/d")
    for _ in range(2):
        assert run(host_steps.make_directories(names, "r")).returncode == 0
    assert run(host_steps.directories_exist(names)).returncode == 0
    (tmp_path / "a/d/file").touch()
    outcome = run(host_steps.remove_directories("r"))
    assert outcome.stdout == b"kept a/d: not empty\n"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["d"]


@pytest.fixture
def bundle(tmp_path: Path, root: Path) -> tuple[object, str]:
    """An uploaded bundle; its placement and its tree list."""
    source = tmp_path / "source"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "serve").write_text("#!/bin/sh\n")
    (source / "상담 $(x).txt").write_text("상담\n")
    (source / "now").symlink_to("bin/serve")
    file = tmp_path / PLACEMENT.incoming
    with tarfile.open(file, "w:gz") as archive:
        archive.add(source, ".")
    digest = f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    (root / "releases" / PLACEMENT.directory).rmdir()
    return replace(PLACEMENT, bundle=digest), tree_of([file.read_bytes()], ())


def test_unpack_is_whole_or_not_there(run: Run, bundle: tuple[object, str], root: Path) -> None:
    """A changed bundle, a changed file on disk and a missing one are told apart; asked again it is done."""
    placement, tree = bundle
    release = root / "releases" / PLACEMENT.directory
    command = host_steps.unpack(placement, tree, KEPT)  # type: ignore[arg-type]
    (root / "releases" / f"{PLACEMENT.directory}.part").mkdir()  # what a try that was cut off had left
    for _ in range(2):
        outcome = run(command)
        assert outcome.returncode == 0, outcome.stderr
    assert sorted(path.name for path in release.iterdir()) == ["bin", "now", "상담 $(x).txt"]
    assert run(host_steps.tree_is(placement, tree, KEPT)).returncode == 0  # type: ignore[arg-type]
    (release / "bin" / "serve").write_text("changed")
    assert run(command).returncode == 12
    assert run(host_steps.tree_is(placement, tree, KEPT)).returncode != 0  # type: ignore[arg-type]


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "sh")])
def test_what_lies_beside_the_members_is_seen(
    bundle: tuple[object, str], root: Path, tmp_path: Path, shell: tuple[str, ...]
) -> None:
    """A planted file, a hidden one, a link, a pipe, and a link that leads elsewhere; not what is declared."""
    placement, tree = bundle
    release = root / "releases" / PLACEMENT.directory

    def ask(command: Command) -> int:
        words = (*shell, "-c", command.script)
        given = {"input": command.stdin, "cwd": tmp_path, "env": {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}}
        return subprocess.run(words, check=False, capture_output=True, timeout=20, **given).returncode

    assert ask(host_steps.unpack(placement, tree, KEPT)) == 0  # type: ignore[arg-type]
    for name in ("etc/app.conf", "var/cache/deep", ".golive/launch"):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).touch()
    same = host_steps.tree_is(placement, tree, KEPT)  # type: ignore[arg-type]
    assert ask(same) == 0
    plants = (
        lambda path: path.write_text("planted"),
        lambda path: path.symlink_to("/etc/passwd"),
        os.mkfifo,
    )
    for name in ("planted", "bin/.hidden", ".golive/more", "two\nlines", "varied"):
        for plant in plants:
            plant(release / name)
            assert ask(same) != 0, name
            (release / name).unlink()
    assert ask(same) == 0
    (release / "now").unlink()
    (release / "now").symlink_to("/bin/false")
    assert ask(same) != 0


def test_a_changed_bundle_is_not_unpacked(run: Run, bundle: tuple[object, str], root: Path, tmp_path: Path) -> None:
    placement, tree = bundle
    with (tmp_path / PLACEMENT.incoming).open("ab") as file:
        file.write(b"x")
    assert run(host_steps.unpack(placement, tree, KEPT)).returncode == 11  # type: ignore[arg-type]
    assert not (root / "releases" / PLACEMENT.directory).exists()


def test_configuration_arrives_byte_for_byte(run: Run, root: Path) -> None:
    """Quotes, newlines, expansions and Hangul mean nothing to the shell; sizes are bytes, not characters."""
    files = [("etc/a.conf", "0640", "비밀 = '$(touch x)' \"`id`\"\n\n"), ("etc/empty", "0600", ""), ("b", "0600", "끝")]
    assert run(host_steps.configure(PLACEMENT, files, "exec true\n")).returncode == 0
    release = root / "releases" / PLACEMENT.directory
    assert [(release / path).read_text() for path, _, _ in files] == [content for _, _, content in files]
    assert (release / ".golive/launch").read_text() == "exec true\n"
    assert not list(root.rglob("x"))


def test_a_service_is_started_once_and_all_of_it_is_stopped(run: Run, root: Path) -> None:
    """Its record is right from the first moment; starting again finds it; stopping ends its children too."""
    (root / "control").write_text(control_script("api", 2))
    release = root / "releases" / PLACEMENT.directory
    (release / ".golive").mkdir()
    launch = launch_script(PLACEMENT.path, ("sh", "-c", "sleep 60 & echo $! >child; wait"))
    (release / ".golive" / "launch").write_text(launch)
    control = f"sh {PLACEMENT.root}/control"
    start = Command("start", f"{control} start live {shlex.quote(PLACEMENT.directory)} 4711")
    for _ in range(2):
        assert run(start).returncode == 0
    status = run(Command("status", f"{control} status live"))
    assert status.stdout.decode() == f"running {PLACEMENT.directory} 4711\n"
    pid = (root / "run" / "live.process").read_text().split()[0]
    child = _wait(release / "child")
    assert run(Command("stop", f"{control} stop live 2")).returncode == 0
    assert not _alive(pid)
    assert not _alive(child)
    assert run(Command("status", f"{control} status live")).returncode == 3


def _wait(file: Path) -> str:
    import time

    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return file.read_text().strip()


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False
