"""How a command finds its ledger, and what it says when it does not."""

import socket

import pytest

from golive.cli.settings import Settings, from_environment
from golive.ledger.signing import generate_key
from golive.secret import Secret
from golive_stack.home import default_home
from golive_stack.main import stack_settings
from golive_stack.state import State
from tests.domain.cli.conftest import CANARY

NEEDS_A_LEDGER = (["status"], ["ledger", "verify"], ["ledger", "show", "x"], ["evidence", "export", "x", "-o", "y"])


@pytest.mark.parametrize("words", NEEDS_A_LEDGER)
def test_no_ledger_is_known(golive, words):
    """Without a ledger a command ends with 5, and names both ways to one."""
    found = golive(*words)
    assert found.exit_code == 5
    assert "golive up" in found.stderr
    assert "GOLIVE_LEDGER_URL=postgresql://" in found.stderr
    assert "golive up" in golive("--locale", "ko", *words).stderr


def test_the_ledger_does_not_answer(golive, monkeypatch):
    """A ledger that is not reachable is told with its place, without its password, and ends with 5."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("GOLIVE_LEDGER_URL", f"postgresql://clerk:{CANARY}@127.0.0.1:{port}/ledger")
    found = golive("status")
    assert found.exit_code == 5
    assert f"127.0.0.1:{port}/ledger cannot be reached" in found.stderr


def test_wrong_password(golive, configured, postgres, ledger_database, monkeypatch):
    """A refused login ends with 5; the password that was tried is not shown."""
    monkeypatch.setenv("GOLIVE_LEDGER_URL", postgres.url(ledger_database, "worker", CANARY).reveal())
    found = golive("status")
    assert found.exit_code == 5
    assert "password authentication failed" in found.stderr


@pytest.mark.parametrize("url", [CANARY, f"mysql://u:{CANARY}@h/d", f"postgresql://u:{CANARY}@h:port/d"])
def test_an_address_that_is_none(golive, monkeypatch, url):
    """An address that cannot be read is refused with the form it must have, and is not repeated."""
    monkeypatch.setenv("GOLIVE_LEDGER_URL", url)
    found = golive("status")
    assert found.exit_code == 2
    assert "postgresql://user:password@host:port/database" in found.stderr


def test_the_stack_is_asked_when_nothing_is_set(golive, postgres, ledger_database, clerk, ledger, monkeypatch):
    """The fallback gives the ledger, but never a part of it beside a ledger of the environment."""
    url = postgres.url(ledger_database, clerk, CANARY)
    assert golive("status", obj=lambda: Settings(ledger=url)).exit_code == 0
    monkeypatch.setenv("GOLIVE_LEDGER_URL", url.reveal())
    found = golive("ledger", "verify", obj=lambda: pytest.fail("asked although a ledger is named"))
    assert found.exit_code == 5
    assert "GOLIVE_PUBLIC_KEYS is not set" in found.stderr


def test_keys_that_cannot_be_used(golive, configured, environments, tmp_path):
    """A key that is missing, a folder, or open to others is refused, naming its path and what to do."""
    generate_key(tmp_path / "open.pem")
    (tmp_path / "open.pem").chmod(0o644)
    for name, code in (("none.pem", 2), ("open.pem", 2), (".", 5)):
        path = tmp_path / name
        environment = {"GOLIVE_SIGNING_KEY": str(path)}
        file = tmp_path / "x.yaml"
        file.write_text("environment: x\n", encoding="utf-8")
        assert golive("submit", file, env=environment).exit_code == 2
        found = golive("submit", environments["test"], env=environment)
        assert found.exit_code == code
        assert str(path) in found.stderr


def test_variables():
    """Each variable fills its setting; an empty one is as good as none."""
    found = from_environment({"GOLIVE_LEDGER_URL": "postgresql://x", "GOLIVE_HEADS": "", "GOLIVE_PUBLIC_KEYS": "/k"})
    assert found.ledger == Secret("postgresql://x")
    assert found.heads is None
    assert str(found.public_keys) == "/k"
    assert "postgresql" not in repr(found)


def test_a_stack_that_does_not_run_is_no_ledger(tmp_path, monkeypatch):
    """Neither where there was never a stack nor where it is down does the stack name a ledger."""
    monkeypatch.setenv("GOLIVE_HOME", str(tmp_path))
    assert stack_settings() == Settings()
    home = default_home()
    home.prepare()
    State(home.state).port("postgres")
    assert stack_settings() == Settings()
