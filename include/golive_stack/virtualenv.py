"""Python environments of the checkout, each made from one lock and made anew when the lock changes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golive.canonical import digest_bytes
from golive_stack.errors import SetupFailed
from golive_stack.home import REPOSITORY

INSTALL_SECONDS = 900
Say = Callable[[str], None]


@dataclass(frozen=True)
class Virtualenv:
    """The environment ``.venvs/<name>`` and the lock it is made from, ``requirements-<name>.txt``."""

    name: str
    root: Path = REPOSITORY

    @property
    def folder(self) -> Path:
        return self.root / ".venvs" / self.name

    @property
    def lock(self) -> Path:
        return self.root / f"requirements-{self.name}.txt"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> str:
        """What the environment must have been made from: this Python and this lock."""
        return f"{sys.version_info.major}.{sys.version_info.minor} {digest_bytes(self.lock.read_bytes())}"


def ensure(environment: Virtualenv, say: Say) -> Path:
    """The environment's Python; made first when it is missing or its lock changed. Raises ``SetupFailed``."""
    made = environment.folder / "golive-stamp"
    if made.is_file() and made.read_text(encoding="utf-8") == environment.stamp:
        return environment.python
    say(f"making {environment.folder.relative_to(environment.root)} from {environment.lock.name} …")
    shutil.rmtree(environment.folder, ignore_errors=True)
    for command in install_commands(environment, shutil.which("uv")):
        _run(command, environment)
    # Written last: an environment whose making was interrupted has no stamp and is made again.
    made.write_text(environment.stamp, encoding="utf-8")
    return environment.python


def install_commands(environment: Virtualenv, uv: str | None) -> tuple[tuple[str, ...], ...]:
    """The commands that make ``environment``, with ``uv`` where it is installed, else with venv and pip."""
    folder, python, lock = str(environment.folder), str(environment.python), str(environment.lock)
    if uv:
        return (
            (uv, "venv", "--quiet", "--python", sys.executable, folder),
            (uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock),
        )
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
    return (sys.executable, "-m", "venv", folder), (*pip, "-r", lock)


def _run(command: tuple[str, ...], environment: Virtualenv) -> None:
    log = environment.root / ".venvs" / f"{environment.name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as output:
        clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
        try:
            subprocess.run(command, stdout=output, stderr=output, env=clean, timeout=INSTALL_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError) as cause:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
            raise SetupFailed(what=environment.folder.name, log=log, tail=tail or str(cause)) from cause
