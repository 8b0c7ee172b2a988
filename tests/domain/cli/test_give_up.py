"""``golive give-up``: recorded once, as somebody, with a reason, and what to do next."""

import json

import pytest

from golive.ledger.events import environment_stream
from golive.ledger.leases import current
from golive.stages.fencing import take
from tests.domain.cli.conftest import Golive


@pytest.fixture
def submitted(golive: Golive, configured, environments) -> Golive:
    golive("submit", environments["test"], "--person", "lee.operator")
    return golive


def test_a_target_is_given_up_and_its_lease_is_free(submitted: Golive, ledger) -> None:
    """Who and why are on record; said again, nothing changes."""
    take(ledger, "test", ("host:app1",), "a")
    found = submitted("give-up", "test", "host:app1", "--reason", " burnt ", "--person", "park.infra")
    assert found.exit_code == 0
    assert "host:app1 in test is given up, by park.infra: burnt" in found.stdout
    assert "held by release/a and is free" in found.stdout
    events = ledger.read(environment_stream("test"))
    told = next(event for event in events if event.kind == "target.given_up")
    assert (told.actor, dict(told.data)) == (
        "park.infra",
        {"target": "host:app1", "token": 1, "holder": "release/a", "reason": "burnt"},
    )
    assert current(events, "host:app1") is None
    again = submitted("give-up", "test", "host:app1", "--reason", "again", "--json")
    data = json.loads(again.stdout)
    assert (data["new"], data["person"], data["reason"]) == (False, "park.infra", "burnt")
    assert len(ledger.read(environment_stream("test"))) == len(events)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("test", "host:app9", "--reason", "x"), 2, "host:app1"),
        (("tset", "host:app1", "--reason", "x"), 2, "test"),
        (("test", "host:app1", "--reason", "  "), 2, "--reason TEXT"),
        (("test", "host:app1"), 64, "--reason"),
    ],
)
def test_what_is_not_meant_is_refused(submitted: Golive, ledger, words, code, told) -> None:
    """An unknown target or environment names those that are known; a reason is needed. Nothing is recorded."""
    found = submitted("give-up", *words)
    assert found.exit_code == code
    assert told in found.stderr
    assert [event.kind for event in ledger.read(environment_stream("test"))] == ["environment.submitted"]
