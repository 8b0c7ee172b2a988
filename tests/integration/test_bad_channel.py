"""The channel dies while a release is on its way: the release goes on, and nothing that it said is lost or doubled."""

import shutil
from collections.abc import Iterator

import pytest

from golive.ledger.events import release_stream
from golive.reports.outbox import SendReport, send_pending
from golive.reports.slack import SlackPoster
from golive_stack import lifecycle, processes
from golive_stack.info import info
from tests.checker.invariants import check
from tests.integration.stage_runs import Site, silent

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]


@pytest.fixture
def channel(here: Site) -> Iterator[Site]:
    """The site with its channel for one test: what was never meant to be delivered is not asked for afterwards."""
    home = here.info.home
    lifecycle.up(home, silent, parts={"slack"})
    try:
        yield here
    finally:
        stop(here)
        shutil.rmtree(home.root / "slack")


def stop(here: Site) -> None:
    record = processes.running(here.info.home, "slack")
    if record is not None:
        processes.stop(here.info.home, record)


def send(here: Site, release: str) -> SendReport:
    """What the edge does after each task."""
    found = info(here.info.home)
    return send_pending(here.ledger, release_stream(release), SlackPoster(found.slack_token, found.slack_api + "/"))


def told(here: Site, release: str, kind: str) -> list[str]:
    """The keys of a release's messages that were queued or sent, in order."""
    return [event.data["key"] for event in here.events(release) if event.kind == f"message.{kind}"]


def test_a_channel_that_goes_down_stops_no_release(channel: Site) -> None:
    """Killed between two steps of the install, and back after go-live: the release is live, nobody waited for the
    channel, and then everything is read in its order, each message once."""
    here, release = channel, channel.submit("no-channel")
    run = here.until(release, "install", "unpack")
    send(here, release)
    before = told(here, release, "sent")
    assert before == told(here, release, "queued") != []
    stop(here)
    here.rest(run, "unpack")
    assert send(here, release).causes
    here.live(release)
    assert send(here, release).causes
    assert here.version() == "2.0.0"
    assert told(here, release, "sent") == before
    assert len(told(here, release, "queued")) > len(before)
    lifecycle.up(here.info.home, silent, parts={"slack"})
    for stream in here.ledger.streams("release/"):
        send(here, stream.removeprefix("release/"))
    send(here, release)
    assert told(here, release, "sent") == told(here, release, "queued")
    here.roll_back(release)
    send(here, release)
    assert check(here.info.home.root) == []
