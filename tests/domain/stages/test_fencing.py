"""Leases of a release and of its rollback, in a real ledger; and the record that is its own fence."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from golive.ledger import Ledger
from golive.ledger.errors import LeaseHeld
from golive.ledger.events import NewEvent, environment_stream
from golive.ledger.leases import GIVEN_UP, PUT_RIGHT, current
from golive.stages import fencing
from golive.stages.errors import AnotherRollbackRuns, LeaseLost, RunEnded, TargetGivenUp
from golive.stages.fencing import give_back, hand_back, one_at_a_time, require_current, take, take_back
from golive.stages.jobs import Job
from golive.stages.runtime import Runtime
from golive.stages.work import RegisterWork
from golive.stages.workers import register
from tests.domain.stages.history import run

TARGETS = ("host:app1", "host:app2")


def test_the_same_release_keeps_its_tokens_and_another_is_refused(ledger: Ledger) -> None:
    """All targets or none."""
    first = take(ledger, "test", TARGETS, "a")
    assert (first.tokens, first.new) == ({"host:app1": 1, "host:app2": 1}, frozenset(TARGETS))
    again = take(ledger, "test", TARGETS, "a")
    assert (again.tokens, again.new) == (first.tokens, frozenset())
    with pytest.raises(LeaseHeld):
        take(ledger, "test", ("host:app3", "host:app1"), "b")
    assert take(ledger, "test", ("host:app3",), "b").tokens == {"host:app3": 1}


def test_what_failed_is_tried_again_under_a_higher_token(ledger: Ledger) -> None:
    take(ledger, "test", TARGETS, "a")
    assert take(ledger, "test", TARGETS, "a", ["host:app2"]).tokens == {"host:app1": 1, "host:app2": 2}


def test_a_rollback_takes_only_what_is_its_release_s_or_nobody_s(ledger: Ledger) -> None:
    """Under higher tokens; asked again under the same; the release itself is out until it is given back."""
    take(ledger, "test", ("host:app1",), "a")
    assert take_back(ledger, "test", TARGETS, "a").tokens == {"host:app1": 2, "host:app2": 1}
    assert take_back(ledger, "test", TARGETS, "a").tokens == {"host:app1": 2, "host:app2": 1}
    with pytest.raises(LeaseHeld):
        take(ledger, "test", ("host:app1",), "a")
    with pytest.raises(LeaseHeld):
        take_back(ledger, "test", ("host:app1",), "b")
    give_back(ledger, "test", "a")
    assert take(ledger, "test", ("host:app1",), "b").tokens == {"host:app1": 3}


def test_giving_back_takes_nothing_from_others(ledger: Ledger) -> None:
    """Only what the release or its rollback holds; only once."""
    take(ledger, "test", ("host:app1",), "a")
    take(ledger, "test", ("host:app2",), "b")
    give_back(ledger, "test", "a", ("host:app2",))
    give_back(ledger, "test", "a")
    give_back(ledger, "test", "a")
    kinds = [event.kind for event in ledger.read(environment_stream("test"))]
    assert kinds == ["lease.taken", "lease.taken", "lease.released"]
    with pytest.raises(LeaseHeld):
        take(ledger, "test", ("host:app2",), "a")


def test_a_refused_step_gives_back_only_what_it_took_and_still_has(ledger: Ledger) -> None:
    """Not what it had before, and not what its own rollback has taken over meanwhile."""
    take(ledger, "test", ("host:app1",), "a")
    taken = take(ledger, "test", ("host:app1", "host:app2", "host:app3"), "a")
    take_back(ledger, "test", ("host:app3",), "a")
    hand_back(ledger, "test", "a", taken)
    events = ledger.read(environment_stream("test"))
    held = {target: current(events, target) for target in ("host:app1", "host:app2", "host:app3")}
    holders = {target: lease.holder for target, lease in held.items() if lease}
    assert holders == {"host:app1": "release/a", "host:app3": "rollback/a"}


def test_nobody_gets_a_target_that_was_given_up(ledger: Ledger) -> None:
    """Neither release nor rollback, until it was put right; only who puts it right, under a token above all others."""
    take(ledger, "test", TARGETS, "a")
    ledger.record(
        environment_stream("test"), NewEvent(GIVEN_UP, {"target": "host:app1", "reason": "burnt"}, "park.infra")
    )
    for refused in (lambda: take(ledger, "test", TARGETS, "a"), lambda: take_back(ledger, "test", TARGETS, "a")):
        with pytest.raises(TargetGivenUp, match="burnt"):
            refused()
    assert take(ledger, "test", ("host:app2",), "a").tokens == {"host:app2": 1}
    assert take_back(ledger, "test", ("host:app1",), "a", again=("host:app1",)).tokens == {"host:app1": 2}
    ledger.record(environment_stream("test"), NewEvent(PUT_RIGHT, {"target": "host:app1"}))
    give_back(ledger, "test", "a")
    assert take(ledger, "test", ("host:app1",), "b").tokens == {"host:app1": 3}


def test_a_token_counts_while_it_is_in_force(ledger: Ledger) -> None:
    take(ledger, "test", ("database:main",), "a")
    require_current(ledger, "test", "database:main", 1)
    take_back(ledger, "test", ("database:main",), "a")
    with pytest.raises(LeaseLost):
        require_current(ledger, "test", "database:main", 1)
    give_back(ledger, "test", "a")
    with pytest.raises(LeaseLost):
        require_current(ledger, "test", "database:main", 2)


def test_only_one_of_many_releases_gets_a_target(ledger: Ledger) -> None:
    """Eight that ask at the same time: one has the lease, seven are refused."""

    def ask(number: int) -> dict[str, int] | None:
        try:
            return dict(take(ledger, "test", ("host:app1",), str(number)).tokens)
        except LeaseHeld:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert [answer for answer in answers if answer] == [{"host:app1": 1}]


def test_two_rollbacks_of_a_release_never_interleave(ledger: Ledger) -> None:
    """The second waits for the first; of another environment it does not."""
    here = Runtime(ledger, run(), {}.__getitem__)
    inside: list[str] = []

    def work(name: str) -> None:
        with one_at_a_time(here):
            inside.append(f"{name} in")
            threading.Event().wait(0.1)
            inside.append(f"{name} out")

    jobs = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(20)
    assert [word[2:] for word in inside] == ["in", "out", "in", "out"]


def test_a_rollback_that_does_not_get_its_turn_says_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fencing, "PATIENCE_SECONDS", 0.0)
    here = Runtime(ledger, run(), {}.__getitem__)
    with one_at_a_time(here), pytest.raises(AnotherRollbackRuns), one_at_a_time(here):
        pass


def enter(ledger: Ledger, operation: str, undoes: str | None = None) -> None:
    work = RegisterWork("monitoring.withdrawn" if undoes else "monitoring.registered")
    register(ledger, "test", Job(operation, 0, "release", "release", work, undoes), work)


def test_an_entry_is_written_once_and_not_after_it_was_taken_back(ledger: Ledger) -> None:
    """A worker that comes back after the rollback finds its own operation undone."""
    for _ in range(2):
        enter(ledger, "one")
    for _ in range(2):
        enter(ledger, "two", "one")
    with pytest.raises(RunEnded):
        enter(ledger, "one")
    kinds = [event.kind for event in ledger.read(environment_stream("test"))]
    assert kinds == ["monitoring.registered", "monitoring.withdrawn"]
