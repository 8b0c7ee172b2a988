"""Commands as a person runs them, against a real ledger; whatever they print is searched for a secret."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from golive.cli.main import cli
from golive.ledger import Ledger, create_writer
from golive.secret import Secret
from golive_stack.example import EXAMPLE, write_release

CANARY = "kanarienvogel7"
ROOT = Path(__file__).parents[3]
OWN = ("GOLIVE_", "LANG", "LC_", "COLUMNS", "NO_COLOR")

Golive = Callable[..., Result]


@pytest.fixture(scope="session")
def clerk(postgres, ledger_template: str) -> str:
    """A login of the ledger whose password must never be seen."""
    create_writer(postgres.url(ledger_template), "clerk", Secret(CANARY))
    return "clerk"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch) -> None:
    """Nothing of the environment in which the tests run decides what a command does."""
    for name in [name for name in os.environ if name.startswith(OWN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def golive() -> Golive:
    """Runs a command in this process; an error of ours that is not told to the user fails the test."""

    def run(*words: str | Path, **options) -> Result:
        result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False, **options)
        assert CANARY not in result.output
        return result

    return run


@dataclass(frozen=True)
class Program:
    """``golive`` as a program of its own, with an environment of its own."""

    environment: dict[str, str]

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "golive.cli", *(str(word) for word in words)]

    def run(self, *words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        variables = {**self.environment, **environment}
        done = subprocess.run(self.command(*words), env=variables, capture_output=True, text=True, timeout=60)
        assert CANARY not in done.stdout + done.stderr
        return done


@pytest.fixture
def program() -> Program:
    return Program({"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include"), "COLUMNS": "80"})


@pytest.fixture
def configured(
    postgres, ledger_database: str, clerk: str, ledger: Ledger, tmp_path: Path, monkeypatch
) -> dict[str, str]:
    """The variables that lead to the test's ledger, set."""
    variables = {
        "GOLIVE_LEDGER_URL": postgres.url(ledger_database, clerk, CANARY).reveal(),
        "GOLIVE_SIGNING_KEY": str(tmp_path / "key.pem"),
        "GOLIVE_HEADS": str(tmp_path / "heads"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The documented example with its artifact built."""
    return write_release(tmp_path / "release")


@pytest.fixture
def environments() -> dict[str, Path]:
    return {name: EXAMPLE / "environments" / f"{name}.yaml" for name in ("test", "production")}
