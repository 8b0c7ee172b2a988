"""Commands as a person runs them, against a real ledger; whatever they print is searched for a secret."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from golive.cli.main import cli
from golive.ledger import Ledger, Signer, create_writer, generate_key
from golive.secret import Secret
from golive_stack.example import EXAMPLE, write_release
from tests.domain.cli import history

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
        environ = {**self.environment, **environment}
        done = subprocess.run(
            self.command(*words), env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert CANARY not in done.stdout + done.stderr
        return done


@pytest.fixture
def program() -> Program:
    return Program({"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include"), "COLUMNS": "80"})


def variables(url: Secret, folder: Path) -> dict[str, str]:
    """What leads a command to the ledger at ``url`` whose key and heads are in ``folder``."""
    key, heads = str(folder / "key.pem"), str(folder / "heads")
    return {"GOLIVE_LEDGER_URL": url.reveal(), "GOLIVE_SIGNING_KEY": key, "GOLIVE_HEADS": heads}


@pytest.fixture
def configured(
    postgres, ledger_database: str, clerk: str, ledger: Ledger, tmp_path: Path, monkeypatch
) -> dict[str, str]:
    """The variables that lead to the test's empty ledger, set."""
    found = variables(postgres.url(ledger_database, clerk, CANARY), tmp_path)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture(scope="session")
def told(postgres, ledger_template: str, clerk: str, tmp_path_factory) -> tuple[str, Path]:
    """A database with a history in it, for copying, and the folder of its key and heads."""
    database, folder = postgres.create_database(ledger_template), tmp_path_factory.mktemp("told")
    url = postgres.url(database, clerk, CANARY)
    ledger = Ledger(url, signer=generate_key(folder / "key.pem"), heads=folder / "heads")
    history.tell(ledger, tmp_path_factory.mktemp("releases"))
    ledger.close()
    return database, folder


@pytest.fixture
def story_database(postgres, told: tuple[str, Path]) -> Iterator[str]:
    name = postgres.create_database(told[0])
    yield name
    postgres.drop_database(name)


@pytest.fixture
def story(
    postgres, told: tuple[str, Path], story_database: str, clerk: str, tmp_path: Path, monkeypatch
) -> Iterator[Ledger]:
    """The ledger of ``history.tell``, with the variables that lead to it set."""
    for name in ("key.pem", "key.pub"):
        shutil.copy(told[1] / name, tmp_path)
    shutil.copytree(told[1] / "heads", tmp_path / "heads")
    url = postgres.url(story_database, clerk, CANARY)
    for name, value in variables(url, tmp_path).items():
        monkeypatch.setenv(name, value)
    ledger = Ledger(url, signer=Signer.load(tmp_path / "key.pem"), heads=tmp_path / "heads")
    yield ledger
    ledger.close()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The documented example with its artifact built."""
    return write_release(tmp_path / "release")


@pytest.fixture
def environments() -> dict[str, Path]:
    return {name: EXAMPLE / "environments" / f"{name}.yaml" for name in ("test", "production")}
