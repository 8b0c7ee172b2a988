"""A whole release by its people through Airflow's API, and everything that must not open a gate."""

import pytest

from golive_stack.errors import AirflowRefused
from tests.live import DRAFTER, OPERATOR, Live

pytestmark = pytest.mark.integration


def test_a_release_goes_live_in_test_and_production_and_comes_back(live: Live) -> None:
    """Signed by its people, version 2 serves in test, then in production, and the rollback brings version 1 back."""
    release = live.submit("whole")
    for environment in ("test", "production"):
        run = live.trigger("release", release, environment)
        assert live.sign(release, "release", run) == "success", live.tasks("release", run)
        assert (live.version(environment), live.serving(environment)) == ("2.0.0", release)
    health = live.api("admin").trigger("nightly_health", "health-by-hand", environment="production")
    assert live.ended("nightly_health", health) == "success"
    run = live.trigger("rollback", release, "production", reason="시험 롤백")
    assert live.ended("rollback", run) == "success", live.tasks("rollback", run)
    assert (live.version("production"), live.version("test")) == ("1.0.0", "2.0.0")
    reasons = [event.data["reason"] for event in live.events(release) if event.kind == "release.rolled_back"]
    assert reasons == ["시험 롤백"]


def test_nobody_outside_the_line_can_sign(live: Live) -> None:
    """The drafter, the requester, an approver of another line and the administrator are all refused by the server."""
    release = live.submit("outsiders")
    live.trigger("environment", release)
    asked = live.question(release, "decide")
    assert asked.people == ("choi.quality",)
    for person in (DRAFTER, OPERATOR, "jung.owner", "admin", "seo.executive"):
        with pytest.raises(AirflowRefused) as refused:
            live.api(person).answer(asked, asked.options[0])
        assert refused.value.data["status"] in (401, 403)
    assert live.standing(release, "environment").state == "open"


def test_a_return_sends_the_release_back_with_nothing_undone(live: Live) -> None:
    """반려: the run is red, the stage and the release are returned, and what an earlier stage did stays in force."""
    release = live.submit("returned")
    assert live.sign(release, "environment", live.trigger("environment", release)) == "success"
    run = live.trigger("install", release)
    asked = live.question(release, "decide")
    live.api(asked.people[0]).answer(asked, asked.options[1], "시험 결과가 없습니다")
    assert live.ended("install", run) == "failed"
    assert live.standing(release, "install").state == "returned"
    assert live.standing(release, "environment").state == "closed"
    assert not [event for event in live.events(release) if event.kind == "undo.intended"]


def test_a_return_without_a_reason_does_not_count(live: Live) -> None:
    """An answer that the domain refuses is recorded, and the gate asks again."""
    release = live.submit("no-reason")
    run = live.trigger("environment", release)
    asked = live.question(release, "decide")
    live.api(asked.people[0]).answer(asked, asked.options[1])
    live.wait("the refusal", lambda: any(event.kind == "gate.refused" for event in live.events(release)))
    assert live.sign(release, "environment", run) == "success"


def test_a_stop_ends_the_stage(live: Live) -> None:
    """No-go: the run is red and the stage is stopped; nothing was changed."""
    release = live.submit("stopped")
    run = live.trigger("environment", release)
    asked = live.question(release, "decide")
    live.api(asked.people[0]).answer(asked, asked.options[2], "중단합니다")
    assert live.ended("environment", run) == "failed"
    assert live.standing(release, "environment").state == "stopped"
    assert not [event for event in live.events(release) if event.kind == "effect.intended"]


def test_a_gate_marked_success_opens_nothing(live: Live) -> None:
    """A green gate without a vote: the first effect after it is refused, and the run is red."""
    release = live.submit("bypass")
    run = live.trigger("environment", release)
    live.question(release, "decide")
    live.api("admin").set_state("environment", run, "gate.decide", "success")
    assert live.ended("environment", run) == "failed"
    tasks = live.tasks("environment", run)
    assert (tasks["gate.decide"], tasks["directories"]) == ("success", "failed")
    assert not [event for event in live.events(release) if event.kind == "effect.intended"]


def test_an_unknown_release_is_refused_with_what_could_be_meant(live: Live) -> None:
    """A mistyped id: the run is red, nothing is recorded, and the log names the release that was meant."""
    release = live.submit("typo")
    run = live.trigger("environment", f"{release}x")
    assert live.ended("environment", run) == "failed"
    assert release in live.log("environment", run, "open")
    assert not live.events(f"{release}x")


def test_a_later_stage_cannot_be_triggered_directly(live: Live) -> None:
    """Cutover before install: ``open`` refuses, nothing is changed, the run is red."""
    release = live.submit("too-early")
    run = live.trigger("cutover", release)
    assert live.ended("cutover", run) == "failed"
    assert live.tasks("cutover", run)["open"] == "failed"
    assert not [event for event in live.events(release) if event.kind.startswith(("stage.", "effect."))]


def test_the_same_release_triggered_twice_is_one_release(live: Live) -> None:
    """While the first run goes on the second is refused and undoes nothing; after its end another does nothing."""
    release = live.submit("twice")
    first = live.trigger("release", release)
    live.question(release)
    second = live.trigger("release", release)
    assert live.ended("release", second) == "failed"
    assert live.sign(release, "release", first) == "success"
    intents = [event for event in live.events(release) if event.kind == "effect.intended"]
    third = live.trigger("release", release)
    assert live.ended("release", third) == "success"
    assert [event for event in live.events(release) if event.kind == "effect.intended"] == intents
    assert live.version() == "2.0.0"


def test_marking_a_run_failed_at_its_gate_rolls_back(live: Live) -> None:
    """The run ends red, and the ledger says that the stage was rolled back."""
    release = live.submit("marked")
    run = live.trigger("environment", release)
    live.question(release, "decide")
    live.api("admin").set_state("environment", run, None, "failed")
    assert live.ended("environment", run) == "failed"
    live.wait("the rollback", lambda: live.standing(release, "environment").state == "rolled_back")


def test_a_failing_version_never_serves(live: Live) -> None:
    """A version that answers 500 fails its check beside the old one; what was installed is taken back."""
    release = live.submit("answers-500", variant="answers_500")
    run = live.trigger("release", release)
    assert live.sign(release, "release", run) == "failed"
    assert live.standing(release, "install").state == "rolled_back"
    assert (live.version(), live.serving()) == ("1.0.0", "contact-center-1.0")
