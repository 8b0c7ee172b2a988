"""The Slack preview as people start it: a process of its own on a free port, ended by its id."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient

CHANNELS = ("contact-center-release", "contact-center-incidents")
CREDENTIAL = "xoxb-test"


class RunningPreview:
    """One preview. ``start`` after ``stop`` or ``kill`` finds the channels as they were."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        channels = [word for name in CHANNELS for word in ("--channel", name)]
        command = [sys.executable, "-m", "golive_stack.slack_preview", "--home", str(self.home), "--port", "0"]
        self._process = subprocess.Popen(
            [*command, *channels],
            env={
                **os.environ,
                "GOLIVE_SLACK_TOKEN": CREDENTIAL,
                "PYTHONPATH": str(Path(__file__).parents[3] / "include"),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the preview did not start"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status; nothing happens when it was stopped before."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            return process.wait(timeout=10)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()

    @property
    def api(self) -> str:
        return f"{self.url}api/"

    def client(self, credential: str = CREDENTIAL) -> WebClient:
        return WebClient(token=credential, base_url=self.api, timeout=5, retry_handlers=[])

    def order(self, trouble: str, **given: object) -> None:
        httpx.post(f"{self.url}preview/{trouble}", json=given, timeout=5, trust_env=False).raise_for_status()

    def page(self, path: str = "") -> str:
        return httpx.get(f"{self.url}{path}", timeout=5, trust_env=False).raise_for_status().text

    def channel_id(self, name: str = CHANNELS[0]) -> str:
        listed = self.client().conversations_list()["channels"]
        return next(channel["id"] for channel in listed if channel["name"] == name)

    def messages(self, name: str = CHANNELS[0]) -> list[dict[str, object]]:
        """All messages of a channel in the order of posting, replies behind their root."""
        channel = self.channel_id(name)
        roots = self.client().conversations_history(channel=channel, include_all_metadata=True)["messages"]
        found: list[dict[str, object]] = []
        for root in reversed(roots):
            thread = self.client().conversations_replies(channel=channel, ts=root["ts"], include_all_metadata=True)
            found.extend(thread["messages"])
        return found

    def keys(self, name: str = CHANNELS[0]) -> list[str]:
        return [message["metadata"]["event_payload"]["key"] for message in self.messages(name)]  # type: ignore[index]


@pytest.fixture(scope="session")
def shared_preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPreview]:
    running = RunningPreview(tmp_path_factory.mktemp("slack"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def preview(shared_preview: RunningPreview) -> RunningPreview:
    """A preview with empty channels and no trouble."""
    shared_preview.order("clear")
    return shared_preview


@pytest.fixture
def own_preview(tmp_path: Path) -> Iterator[RunningPreview]:
    """A preview that the test may stop and kill."""
    running = RunningPreview(tmp_path / "slack")
    running.start()
    yield running
    running.stop()
