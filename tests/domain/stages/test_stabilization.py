"""Hypercare in a real ledger: which releases are due, what a look asks of a real server, what is told."""

from pathlib import Path

import pytest

from golive.checks.values import Result, Verdict
from golive.hypercare.errors import NotInHypercare
from golive.ledger import Ledger, NewEvent
from golive.ledger.events import release_stream
from golive.stages import stabilization
from golive.stages.api import submit_environment, submit_release
from golive.stages.runtime import Runtime
from golive_stack.example import EXAMPLE, write_release
from tests.domain.checks.servers import Pages, pages
from tests.domain.cli.history import serve, stage

RELEASE = "contact-center-2.0"
WORDS = "고객상담센터 상담".encode()


@pytest.fixture
def world():
    with pages() as server:
        server.pages = {path: (200, {}, WORDS) for path in ("/", "/api/consultations")}
        yield server


@pytest.fixture
def runtime(ledger: Ledger, tmp_path: Path, world: Pages) -> Runtime:
    """2.0 serves in production, where the balancer is the test's server."""
    place = tmp_path / "production.yaml"
    written = (EXAMPLE / "environments/production.yaml").read_text(encoding="utf-8")
    place.write_text(written.replace("port: 8080 ", f"port: {world.address[1]} "), encoding="utf-8")
    for file in (EXAMPLE / "environments/test.yaml", place):
        submit_environment(ledger, file, "lee.operator")
    submit_release(ledger, write_release(tmp_path / "release"), "kim.release")
    serve(ledger, RELEASE, "production")
    ledger.record(release_stream(RELEASE), NewEvent("release.live", {"environment": "production", "plan": "-"}))
    return stage(ledger, RELEASE, "", "stabilization")


def test_what_serves_in_production_is_due(runtime: Runtime) -> None:
    """Only there, and only until it is handed over; what does not serve has no hypercare."""
    ledger = runtime.ledger
    serve(ledger, RELEASE, "test")
    assert stabilization.due(ledger) == (RELEASE,)
    with pytest.raises(NotInHypercare):
        stabilization.care_of(ledger, "contact-center-1.0")
    ended = {"environment": "production", "certificate": "sha256:x"}
    ledger.record(release_stream(RELEASE), NewEvent("hypercare.handed_over", ended))
    assert stabilization.due(ledger) == ()


def test_a_look_asks_and_records_what_it_saw(runtime: Runtime, world: Pages) -> None:
    """A server that answers rightly is well; one that answers wrongly opens an incident, which is told."""
    found = {reading.measure: reading.value for reading in stabilization.sample(runtime)}
    assert (found["availability"], found["error_rate"]) == ("100.00", "0.00")
    assert int(found["response_time"] or "-1") >= 0
    assert [event.kind for event in stabilization.tick(runtime)] in ([], ["report.made"])
    world.pages["/"] = (500, {}, b"sorry")
    found = {reading.measure: reading.value for reading in stabilization.sample(runtime)}
    assert (found["availability"], found["error_rate"]) == ("50.00", "50.00")
    opened = [event for event in stabilization.tick(runtime) if event.kind == "incident.opened"]
    assert {event.data["priority"] for event in opened} == {"P1"}
    queued = [
        event.data["key"] for event in runtime.ledger.read(release_stream(RELEASE)) if event.kind == "message.queued"
    ]
    assert {f"incident:{event.data['incident']}" for event in opened} <= set(queued)
    assert any(key.endswith(":level:1") for key in queued)
    assert [event for event in stabilization.tick(runtime) if event.kind.startswith("incident.")] == []


def test_a_look_counts_only_what_it_saw() -> None:
    """No answer is unavailable but no error; nothing asked, or nothing answered, says nothing of the rest."""

    def verdict(result: Result, took: int | None = None) -> Verdict:
        return Verdict("x", result, "", took)

    silent = [verdict(Result.INCONCLUSIVE)]
    assert stabilization.readings_of(silent) == {"availability": "0.00", "error_rate": None, "response_time": None}
    assert stabilization.readings_of([]) == {"availability": None, "error_rate": None, "response_time": None}
    mixed = [verdict(Result.PASS, 100), verdict(Result.FAIL, 301), *silent]
    found = stabilization.readings_of(mixed)
    assert found == {"availability": "33.33", "error_rate": "50.00", "response_time": "200"}
