"""Releases by their people through Airflow's API, and everything that must not open a gate."""

import pytest

from golive_stack.errors import AirflowRefused
from tests.live import DRAFTER, OPERATOR, Live

pytestmark = pytest.mark.integration


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


def test_an_unknown_release_is_refused_with_what_could_be_meant(live: Live) -> None:
    """A mistyped id: the run is red, nothing is recorded, and the log names the release that was meant."""
    release = live.submit("typo")
    run = live.trigger("environment", f"{release}x")
    assert live.ended("environment", run) == "failed"
    assert release in live.log("environment", run, "open")
    assert not live.events(f"{release}x")


def test_a_later_stage_cannot_be_triggered_directly(live: Live) -> None:
    """Cutover before install: ``open`` refuses, nothing is changed, the run is red."""
    release = live.submit("too-early", planned=False)
    run = live.trigger("cutover", release)
    assert live.ended("cutover", run) == "failed"
    assert live.tasks("cutover", run)["open"] == "failed"
    assert "not in force: plan" in live.log("cutover", run, "open")
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
