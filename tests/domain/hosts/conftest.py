"""A host of each kind, with a home of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from golive.hosts.local import local_host
from golive.hosts.remote import ShellHost
from tests.domain.hosts import servers

SHELLS = ["dash", "busybox"]


def shell_path(folder: Path, shell: str) -> str:
    """A ``PATH`` whose ``sh`` is ``shell``; for busybox nothing but its own applets is on it."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    folder.mkdir()
    if shell != "busybox":
        (folder / "sh").symlink_to(program)
        return f"{folder}:{os.environ['PATH']}"
    # Debian builds its busybox without flock; Alpine's, OpenWrt's and busybox's own default have it
    (folder / "flock").symlink_to(shutil.which("flock") or "/usr/bin/flock")
    for applet in os.popen(f"{program} --list").read().split():
        if applet != "flock":
            (folder / applet).symlink_to(program)
    return str(folder)


@pytest.fixture(params=SHELLS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return shell_path(tmp_path / "bin", request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def local(home: Path, path: str) -> ShellHost:
    """This machine as a host, under dash and under busybox."""
    return local_host(home, environment={"PATH": path})


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[servers.Server]:
    if servers.SSHD is None:
        pytest.skip("sshd is not installed")
    with servers.sshd(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def asyncssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.asyncssh_server(tmp_path_factory.mktemp("asyncssh")) as running:
        yield running


@pytest.fixture(params=["sshd", "asyncssh_server"])
def server(request: pytest.FixtureRequest, home: Path) -> servers.Server:
    """A real server of either kind."""
    running: servers.Server = request.getfixturevalue(request.param)
    if request.param == "asyncssh_server":
        running.home.unlink(missing_ok=True)
        running.home.symlink_to(home)
    return running
