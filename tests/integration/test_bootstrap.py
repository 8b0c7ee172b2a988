"""``./golive`` on a fresh checkout: it makes its environment once, and again when the lock changes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from golive_stack.home import REPOSITORY

pytestmark = pytest.mark.integration
CODE = ("golive", "golive_stack")


def locked(name: str) -> str:
    """The entry of a package in the real lock, hashes included."""
    found = re.search(rf"^{name}==.*?(?=^[a-z])", (REPOSITORY / "requirements.txt").read_text(), re.M | re.S)
    assert found
    return found.group()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's code with a lock that names one small package."""
    shutil.copy(REPOSITORY / "golive", tmp_path)
    for package in CODE:
        skipped = shutil.ignore_patterns("__pycache__", "examples")
        shutil.copytree(REPOSITORY / "include" / package, tmp_path / "include" / package, ignore=skipped)
    (tmp_path / "requirements.txt").write_text(locked("click"))
    return tmp_path


def start(checkout: Path, **environment: str) -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    given = {**inherited, "GOLIVE_PYTHON": sys.executable, "LANG": "C", "LC_ALL": "C", **environment}
    command = [str(checkout / "golive"), "--help"]
    return subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def golive(checkout: Path, **environment: str) -> tuple[int, str, str]:
    process = start(checkout, **environment)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


@pytest.fixture(params=["uv", "pip"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with uv, or without it."""
    if request.param == "uv":
        if shutil.which("uv") is None:
            pytest.skip("uv is not installed")
        return os.environ["PATH"]
    folder = tmp_path_factory.mktemp("bin")
    for tool in ("sh", "dirname", "cat"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return str(folder)


def test_first_use_installs_the_lock_and_says_so(checkout: Path, path: str) -> None:
    """The command runs after the installation; the next time there is nothing to say."""
    code, out, err = golive(checkout, PATH=path)
    assert (code, "Usage: golive" in out) == (0, True), err
    assert "first use" in err
    assert golive(checkout, PATH=path)[2] == ""


def test_a_changed_lock_or_a_half_made_environment_is_made_again(checkout: Path) -> None:
    """The environment is always the one that the lock names."""
    golive(checkout)
    lock = checkout / "requirements.txt"
    lock.write_text(locked("click") + locked("iniconfig"))
    assert "first use" in golive(checkout)[2]
    assert list((checkout / ".venv").glob("lib/python*/site-packages/iniconfig"))
    (checkout / ".venv" / "golive-stamp").unlink()
    assert "first use" in golive(checkout)[2]


def test_a_wrong_hash_leaves_nothing_usable(checkout: Path) -> None:
    """What does not have the lock's digest is refused, with exit 6 and the reason."""
    lock = checkout / "requirements.txt"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", lock.read_text()))
    code, _, err = golive(checkout)
    assert code == 6
    assert "hash" in err.lower()
    assert not (checkout / ".venv" / "golive-stamp").exists()


def test_two_first_uses_at_once_make_one_environment(checkout: Path) -> None:
    """The second waits for the first, and both run."""
    processes = [start(checkout) for _ in range(2)]
    results = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum("making .venv" in err for _, err in results) == 1


def test_without_a_fitting_python_it_says_which_are(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exit 6 and the versions that do, when there is only an old one."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in ("sh", "dirname", "cat"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    (folder / "python3").write_text("#!/bin/sh\nexit 1\n")
    (folder / "python3").chmod(0o755)
    code, _, err = golive(checkout, PATH=str(folder), GOLIVE_PYTHON="")
    assert code == 6
    assert "3.11, 3.12 or 3.13" in err
