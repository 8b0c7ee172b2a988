"""Leases: one holder for each target, and tokens that only rise."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from golive.ledger import Ledger, release_lease, take_lease
from golive.ledger.errors import LeaseHeld
from golive.ledger.events import environment_stream
from golive.ledger.leases import current


def test_a_free_target_is_leased(ledger: Ledger, stream: str) -> None:
    """Each target gets its first token, and the events say who holds it."""
    assert take_lease(ledger, stream, ["app1", "app2"], "release/a") == {"app1": 1, "app2": 1}
    lease = current(ledger.read(environment_stream(stream)), "app1")
    assert lease is not None
    assert (lease.target, lease.token, lease.holder) == ("app1", 1, "release/a")
    assert current(ledger.read(environment_stream(stream)), "app3") is None


def test_taking_again_changes_nothing(ledger: Ledger, stream: str) -> None:
    """The same holder gets the same token, with and without force, and only new targets are written."""
    take_lease(ledger, stream, ["app1"], "release/a")
    assert take_lease(ledger, stream, ["app1", "app2", "app1"], "release/a") == {"app1": 1, "app2": 1}
    assert take_lease(ledger, stream, ["app1"], "release/a", force=True) == {"app1": 1}
    assert len(ledger.read(environment_stream(stream))) == 2


def test_another_holder_is_refused(ledger: Ledger, stream: str) -> None:
    """One held target refuses all of them, and says who holds it."""
    take_lease(ledger, stream, ["app2"], "release/a")
    with pytest.raises(LeaseHeld) as caught:
        take_lease(ledger, stream, ["app1", "app2"], "release/b")
    assert caught.value.data == {"target": "app2", "holder": "release/a", "token": 1}
    assert take_lease(ledger, stream, ["app1"], "release/b") == {"app1": 1}


def test_force_takes_over_under_a_higher_token(ledger: Ledger, stream: str) -> None:
    """A rollback takes the target away; the old holder can then neither keep nor release it."""
    take_lease(ledger, stream, ["app1"], "release/a")
    assert take_lease(ledger, stream, ["app1"], "rollback/a", force=True) == {"app1": 2}
    release_lease(ledger, stream, ["app1"], "release/a")
    with pytest.raises(LeaseHeld):
        take_lease(ledger, stream, ["app1"], "release/a")


def test_tokens_rise_after_a_release_too(ledger: Ledger, stream: str) -> None:
    """A target that was given back is free, and its next token is higher; another target's is its own."""
    take_lease(ledger, stream, ["app1"], "release/a")
    release_lease(ledger, stream, ["app1", "app2"], "release/a")
    release_lease(ledger, stream, ["app1"], "release/a")
    assert current(ledger.read(environment_stream(stream)), "app1") is None
    assert len(ledger.read(environment_stream(stream))) == 2
    assert take_lease(ledger, stream, ["app1", "app2"], "release/b") == {"app1": 2, "app2": 1}


def test_only_one_of_many_gets_it(ledger: Ledger, stream: str) -> None:
    """Eight releases that ask at the same time: one has the lease, seven are refused."""

    def ask(number: int) -> dict[str, int] | None:
        try:
            return take_lease(ledger, stream, ["app1"], f"release/{number}")
        except LeaseHeld:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert [answer for answer in answers if answer] == [{"app1": 1}]
