"""A live stack of its own, started as a user starts it, and a real Chromium."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Stack:
    """What ``golive up --json`` said, and the command in this stack's home."""

    told: dict[str, Any]
    home: Path

    def golive(self, *words: str, seconds: float = 300) -> str:
        """Runs ``./golive`` for this stack; its output. Raises when it fails."""
        variables = {**os.environ, "GOLIVE_HOME": str(self.home)}
        command = [str(REPOSITORY / "golive"), *words]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def password(self, person: str) -> str:
        return next(str(entry["password"]) for entry in self.told["people"] if entry["name"] == person)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    home = Path(tempfile.mkdtemp(suffix=".golive"))
    begun = Stack({}, home)
    try:
        begun.golive("demo", "--prepare")
        yield Stack(json.loads(begun.golive("up", "--json")), home)
    finally:
        begun.golive("down")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = next((path for path in CHROMIUM if Path(path).exists()), None)
    assert program, "Chromium is not installed; on Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="ko-KR", viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()
