"""Twelve weeks, played with what goes wrong."""

from dataclasses import replace

import pytest

from golive.hypercare.errors import NotReady, ScenarioInvalid
from golive.hypercare.scenario import Scenario, parse_scenario, seeded
from golive.hypercare.simulate import Simulated, simulate
from golive.hypercare.telling import told
from tests.domain.hypercare.stage import plan_of
from tests.domain.release.example import manifest

SCENARIO = """
go_live = "2026-03-09T09:00:00"
look_minutes = 30

[[trouble]]
at = "2026-03-14T02:00:00"
measure = "availability"
value = "0"
minutes = 100
response_minutes = 90

[[silence]]
at = "2026-04-01T00:00:00"
minutes = 600

[[jump]]
at = "2026-04-20T00:00:00"
minutes = 4000

[[jump]]
at = "2026-04-21T00:00:00"
minutes = -4000

[[change]]
at = "2026-04-02T10:00:00"
what = "urgent"
"""


@pytest.fixture(scope="module")
def played() -> Simulated:
    return simulate(plan_of(), parse_scenario(SCENARIO, "test"))


def test_what_was_injected_is_what_happened(played: Simulated) -> None:
    """The outage is one P1 that climbs, is late and ends; the jumps of the clock lose and double nothing."""
    opened = [event for event in played.events if event.kind == "incident.opened"]
    outage = [event for event in opened if event.data["cause"] == "kpi:availability"]
    assert [event.data["priority"] for event in outage] == ["P1"]
    name = outage[0].data["incident"]
    mine = [event for event in played.events if event.data.get("incident") == name]
    assert [event.data["level"] for event in mine if event.kind == "incident.escalated"] == [1, 2, 3, 4]
    assert {event.data["clock"] for event in mine if "clock" in event.data} == {
        "acknowledge", "analysis", "workaround", "update"
    }  # fmt: skip
    assert [event.kind for event in mine if event.kind == "incident.closed"] == ["incident.closed"]


def test_it_ends_handed_over(played: Simulated) -> None:
    """A month after the last trouble everything is met, and both sides sign."""
    assert played.outcome == "handed_over"
    assert [part.words("en") for part in played.exits[-1].missing] == []


def test_every_event_is_told_in_both_languages(played: Simulated) -> None:
    """No event lacks a word or a fact."""
    plan = plan_of()
    for locale in ("ko", "en"):
        lines = [told(plan, event, locale) for event in played.events]
        assert sum(line is not None for line in lines) > 100
        assert not any("{" in line for line in lines if line)


def test_the_same_seed_plays_the_same() -> None:
    """Chance is chosen, not met."""
    assert seeded(3, "2026-03-08T23:30:00", 12) == seeded(3, "2026-03-08T23:30:00", 12)
    assert seeded(3, "2026-03-08T23:30:00", 12) != seeded(4, "2026-03-08T23:30:00", 12)


def test_what_is_withheld_keeps_it_from_ending() -> None:
    """With a survey that nobody holds it is extended once, and then still not handed over."""
    quick = plan_of(source=manifest(("weeks: 8", "weeks: 1"), ("weeks: 2", "weeks: 1"), ("weeks: 2", "weeks: 1")))
    done = simulate(quick, Scenario(go_live="2026-03-09T09:00:00", look_minutes=60, withheld=("satisfaction",)))
    assert done.outcome == "open"
    assert len(done.exits) == 2
    assert "satisfaction_met" in {part.name for part in done.exits[-1].missing}


@pytest.mark.parametrize(
    "text", ["go_live = 3", "", "go_live = '2026-03-09T09:00:00'\nx = 1", "[[", 'go_live = "soon"']
)
def test_a_scenario_that_cannot_be_read_is_refused(text: str) -> None:
    """With where, and why."""
    with pytest.raises(ScenarioInvalid, match="test"):
        parse_scenario(text, "test")


def test_a_plan_without_people_is_refused() -> None:
    """A role that nobody holds is named before anything is played."""
    plan = plan_of()
    people = {person: entry for person, entry in plan.people.items() if person != "han.lead"}
    with pytest.raises(NotReady, match="operations_lead"):
        simulate(replace(plan, people=people), Scenario(go_live="2026-03-09T09:00:00"))
