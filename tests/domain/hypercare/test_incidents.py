"""Incidents: one per cause, with clocks of their own, a ladder, and an end that only sound values bring."""

from datetime import timedelta

import pytest

from golive.errors import GoliveError
from golive.hypercare import decisions
from golive.hypercare.errors import IncidentUnknown, NotYours, StepRefused, WordsMissing
from golive.hypercare.incident import clocks_of
from golive.hypercare.problems import problems
from golive.hypercare.state import fold
from tests.domain.hypercare.stage import GO_LIVE, Stage, kinds

OPERATOR = "lee.operator"


def opened(stage: Stage, **values: str) -> str:
    told = stage.look(**values)
    return next(event.data["incident"] for event in told if event.kind == "incident.opened")


def test_a_breach_opens_one_incident_for_its_cause() -> None:
    """Level 1 is told at once; what goes on being wrong, or is looked at twice, opens nothing more."""
    stage = Stage()
    told = stage.look(error_rate="3")
    assert kinds(told)[:2] == ["incident.opened", "incident.escalated"]
    assert (told[0].data["priority"], told[0].data["cause"]) == ("P2", "kpi:error_rate")
    assert told[1].data["people"] == ["park.infra"]
    assert list(stage.care.tick()) == []
    assert "incident.opened" not in kinds(stage.looks(1, error_rate="3"))


def test_it_ends_with_two_sound_looks() -> None:
    """One good value is chance; what is unknown in between does not heal, and counts anew."""
    stage = Stage()
    name = opened(stage, error_rate="3")
    for value in ("0.1", "NaN", "0.1"):
        stage.looks(0.25, error_rate=value)
        assert stage.state().incidents[name].is_open
    stage.looks(0.25)
    assert not stage.state().incidents[name].is_open
    assert opened(stage, error_rate="3").endswith("-2")


def test_a_breach_beyond_measure_is_a_p1() -> None:
    """An incident that grows worse becomes a P1, and its clocks run from then."""
    stage = Stage()
    name = opened(stage, error_rate="3")
    stage.wait(minutes=15)
    assert "incident.raised" in kinds(stage.look(error_rate="60"))
    found = stage.state().incidents[name]
    assert (found.priority, found.since) == ("P1", GO_LIVE + timedelta(minutes=15))
    assert "incident.raised" not in kinds(stage.looks(0.5, error_rate="3"))


def test_a_silent_or_lying_source_is_an_incident() -> None:
    """No data is never healthy: nonsense is told at once, silence as soon as the last value is too old."""
    stage = Stage()
    assert "incident.opened" in kinds(stage.look(error_rate="-4"))
    stage.look()
    assert stage.state().open_incidents == ()
    told = stage.looks(2, error_rate=None)
    causes = [event.data["cause"] for event in told if event.kind == "incident.opened"]
    assert causes == ["silence:error_rate"]
    assert "incident.closed" in kinds(stage.looks(0.25))


def test_each_clock_runs_for_itself() -> None:
    """Notice, acknowledgement, analysis, workaround and resolution are late at their own times, and told once."""
    stage = Stage()
    name = opened(stage, availability="0")
    late = [
        (e.data["clock"], (e.at - GO_LIVE).seconds // 60) for e in stage.looks(5, availability="0") if "clock" in e.data
    ]
    firsts = dict(reversed(late))
    assert firsts == {
        "notice": 15, "acknowledge": 15, "analysis": 30, "workaround": 45, "update": 45, "resolution": 255
    }  # fmt: skip
    assert len([clock for clock, _ in late if clock != "update"]) == 5
    assert name in stage.state().incidents


def test_an_answer_stops_its_clock_and_those_before() -> None:
    """A workaround is analysis and acknowledgement too; every word to the people is an update."""
    stage = Stage()
    name = opened(stage, availability="0")
    stage.wait(minutes=1)
    stage.journal.record("message.sent", {"key": f"incident:{name}"})
    stage.wait(minutes=9)
    stage.care.say(decisions.step(stage.plan, OPERATOR, name, "worked_around", "restarted"))
    clocks = {clock.name: clock for clock in clocks_of(stage.state().incidents[name], stage.plan, GO_LIVE, stage.now)}
    assert (clocks["notice"].stopped, clocks["notice"].late) == (GO_LIVE + timedelta(minutes=1), False)
    assert {clocks[part].stopped for part in ("acknowledge", "analysis", "workaround")} == {stage.now}
    assert clocks["resolution"].stopped is None
    assert clocks["update"].due == stage.now + timedelta(minutes=30)
    with pytest.raises(StepRefused):
        stage.care.say(decisions.step(stage.plan, OPERATOR, name, "acknowledged", "late"))


def test_the_ladder_is_climbed_until_a_workaround() -> None:
    """Five levels at 0, 30 minutes, 1, 2 and 4 hours; the workaround ends the climb."""
    stage = Stage()
    stage.look(availability="0")
    told = [event for event in stage.looks(5, availability="0") if event.kind == "incident.escalated"]
    assert [(event.data["level"], (event.at - GO_LIVE).seconds // 60) for event in told] == [
        (2, 30), (3, 60), (4, 120), (5, 240)
    ]  # fmt: skip
    other = Stage()
    name = opened(other, availability="0")
    other.looks(0.5, availability="0")
    other.care.say(decisions.step(other.plan, OPERATOR, name, "worked_around", "restarted"))
    assert "incident.escalated" not in kinds(other.looks(5, availability="0"))


@pytest.mark.parametrize(("priority", "levels"), [("P3", {1, 2}), ("P4", {1})])
def test_lesser_incidents_do_not_climb_to_the_top(priority: decisions.Priority, levels: set[int]) -> None:
    """P3 ends at the team's lead, P4 where it began."""
    stage = Stage()
    stage.care.say(decisions.report_incident(stage.plan, OPERATOR, "font", priority, "a font", "too small"))
    stage.look()
    stage.looks(8)
    (found,) = stage.state().open_incidents
    assert found.called == levels


def test_what_a_person_reported_ends_by_word() -> None:
    """One per cause; a look's own incident never ends by word, only by values."""
    stage = Stage()
    report = decisions.report_incident(stage.plan, OPERATOR, "font", "P4", "a font", "too small")
    assert len(stage.care.say(report)) == 1
    assert stage.care.say(report) == []
    (found,) = stage.state().open_incidents
    stage.care.say(decisions.resolve(stage.plan, OPERATOR, found.incident, "larger now"))
    assert stage.state().open_incidents == ()
    name = opened(stage, error_rate="3")
    with pytest.raises(StepRefused):
        stage.care.say(decisions.resolve(stage.plan, OPERATOR, name, "looks good"))


@pytest.mark.parametrize(
    ("person", "incident", "step", "note", "error"),
    [
        (OPERATOR, "none", "acknowledged", "x", IncidentUnknown),
        ("nobody", "", "acknowledged", "x", NotYours),
        (OPERATOR, "", "forgotten", "x", StepRefused),
        (OPERATOR, "", "acknowledged", "  ", WordsMissing),
        (OPERATOR, "", "acknowledged", "x" * 2001, WordsMissing),
    ],
)
def test_what_cannot_be_said_is_refused(
    person: str, incident: str, step: str, note: str, error: type[GoliveError]
) -> None:
    """A person who is not of the release, an unknown incident or step, and no words at all record nothing."""
    stage = Stage()
    name = incident or opened(stage, error_rate="3")
    before = len(stage.journal.events)
    with pytest.raises(error):
        stage.care.say(decisions.step(stage.plan, person, name, step, note))
    assert len(stage.journal.events) == before


def test_incidents_with_one_cause_are_one_problem() -> None:
    """A name that people gave gathers incidents of different causes, and what comes back belongs to it again."""
    stage = Stage()
    for value in ({"error_rate": "3"}, {"response_time": "2500"}, {"error_rate": "4"}):
        name = opened(stage, **value)
        stage.looks(0.5)
        if "error_rate-2" not in name:
            said = ("pool too small", "pool of 50", "pool")
            stage.care.say(decisions.explain(stage.plan, OPERATOR, name, *said))
    (found,) = problems(stage.state().incidents.values())
    assert (found.name, len(found.incidents), found.open) == ("pool", 3, True)
    assert found.root_causes == ("pool too small",)


def test_a_fold_carried_on_is_a_fold_from_the_start() -> None:
    """The state that is kept between looks is the one that the whole record gives."""
    stage = Stage()
    opened(stage, error_rate="3")
    stage.looks(10)
    assert fold(stage.journal.events, stage.plan.environment) == stage.state()


def test_incidents_of_stages_are_not_hypercares() -> None:
    """What a rollback opened in the same record has no clocks here."""
    stage = Stage()
    data = {"incident": "r-1", "title": "t", "priority": "P1", "detail": "", "run_id": "x"}
    stage.record("incident.opened", **data)
    stage.record("incident.closed", incident="r-1", title="t", reason="")
    assert stage.state().incidents == {}
