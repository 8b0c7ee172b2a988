"""Leases as the ledger tells them: one holder for each target."""

from golive.ledger import Ledger, NewEvent
from golive.ledger.events import environment_stream
from golive.ledger.leases import RELEASED, TAKEN, current


def test_the_last_one_taken_is_in_force_until_it_is_given_back(ledger: Ledger, stream: str) -> None:
    """What is given back under an older token gives nothing back, and another target's lease is its own."""
    where = environment_stream(stream)
    ledger.record(where, NewEvent(TAKEN, {"target": "host:app1", "token": 1, "holder": "release/a"}))
    ledger.record(where, NewEvent(TAKEN, {"target": "host:app1", "token": 2, "holder": "rollback/a"}))
    ledger.record(where, NewEvent(RELEASED, {"target": "host:app1", "token": 1}))
    lease = current(ledger.read(where), "host:app1")
    assert lease is not None
    assert (lease.target, lease.token, lease.holder) == ("host:app1", 2, "rollback/a")
    assert current(ledger.read(where), "host:app2") is None
    ledger.record(where, NewEvent(RELEASED, {"target": "host:app1", "token": 2}))
    assert current(ledger.read(where), "host:app1") is None
