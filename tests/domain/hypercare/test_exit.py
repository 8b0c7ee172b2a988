"""The gate at the end: what is missing, who signs, the silence, and what is computed from the record."""

from datetime import date, timedelta

import pytest

from golive.hypercare import decisions
from golive.hypercare.computed import silence
from golive.hypercare.errors import EndInvalid, MeasureUnknown, NotInHypercare, NotReady, NotYours, SignatureStale
from golive.hypercare.plan import care_plan
from golive.hypercare.scenario import Scenario
from golive.hypercare.standing import measured
from golive.hypercare.values import Reading, Result
from golive.hypercare.world import World
from tests.domain.hypercare.stage import SEOUL, Stage, kinds
from tests.domain.release.example import manifest

GIVER, RECEIVER = "kim.release", "han.lead"


@pytest.fixture(scope="module")
def finished() -> Stage:
    """A release at the end of twelve sound weeks, looked at hourly, with everything attested."""
    stage = Stage()
    for name in ("handling_time", "mistake_rate", "operating_cost"):
        stage.record("kpi.baseline", kpi=name, value="200", source="plan", measured=stage.now.isoformat())
    for _ in range(24 * 84):
        stage.wait(hours=1)
        stage.look()
    attest_all(stage)
    return stage


def attest_all(stage: Stage) -> None:
    capacity = [Reading(name, "2000", "load test", stage.now) for name in ("concurrent_users", "throughput")]
    stage.care.sample(capacity)
    for name, value in World(stage.plan, Scenario(go_live="2026-03-09T09:00:00")).answers():
        stage.care.say(decisions.attest(stage.plan, RECEIVER, name, value, stage.now, "report", ""))


def copy(stage: Stage) -> Stage:
    other = Stage()
    other.journal.events[:] = stage.journal.events
    other.journal.evidence.update(stage.journal.evidence)
    other.journal.clock = stage.journal.clock
    return other


def test_sound_weeks_can_be_handed_over(finished: Stage) -> None:
    """Everything met, nothing missing, and twelve weeks of silence."""
    stands = finished.care.exit_standing()
    assert [part.words("en") for part in stands.missing] == []
    assert {item.result for item in stands.measures.values()} == {Result.MET}
    assert stands.silent_days == 84
    assert stands.over


def test_both_sides_sign_one_certificate(finished: Stage) -> None:
    """Giver and receiver are two people of the named roles; the second signature ends hypercare."""
    stage = copy(finished)
    with pytest.raises(NotYours):
        stage.care.sign(RECEIVER, "giver", (), ())
    assert kinds(list(stage.care.sign(GIVER, "giver", ("manual",), ("database/main",)))) == ["handover.signed"]
    assert list(stage.care.sign(GIVER, "giver", ("manual",), ("database/main",))) == []
    stage.wait(minutes=30)
    assert kinds(list(stage.care.sign(RECEIVER, "receiver", (), ()))) == ["handover.signed", "hypercare.handed_over"]
    first, second = stage.state().signatures
    assert first.certificate == second.certificate
    assert b"database/main" in stage.journal.fetch(second.certificate)
    with pytest.raises(NotInHypercare):
        stage.look()
    assert list(stage.care.tick()) == []


def test_a_signature_does_not_wait_for_ever(finished: Stage) -> None:
    """After a week the other side signs another certificate, so both must sign anew."""
    stage = copy(finished)
    stage.care.sign(GIVER, "giver", (), ())
    for _ in range(24 * 8):
        stage.wait(hours=1)
        stage.look()
    with pytest.raises(SignatureStale):
        stage.care.sign(RECEIVER, "receiver", (), ())


def test_before_its_day_it_is_not_over() -> None:
    """In the first week nearly everything is missing, and a signature is refused with what it is."""
    stage = Stage()
    stage.looks(24)
    with pytest.raises(NotReady) as caught:
        stage.care.sign(GIVER, "giver", (), ())
    said = caught.value.message("ko")
    assert "2026-06-01" in said
    assert "운영 매뉴얼 업데이트: 확인한 사람 없음" in said
    assert "availability" not in said


def test_an_incident_keeps_the_gate_closed(finished: Stage) -> None:
    """While it is open, and until its root cause and prevention are recorded."""
    stage = copy(finished)
    stage.look(error_rate="3")
    assert {part.key for part in stage.care.exit_standing().missing} >= {"open", "condition"}
    stage.looks(0.5)
    assert [part.key for part in stage.care.exit_standing().missing] == ["explanation"]
    (found,) = stage.state().incidents
    stage.care.say(decisions.explain(stage.plan, RECEIVER, found, "cause", "prevention", "pool"))
    assert stage.care.exit_standing().missing == ()
    assert stage.care.exit_standing().silent_days == 0


@pytest.mark.parametrize("name", ["satisfaction", "manual_updated"])
def test_what_nobody_attests_is_missing(name: str, finished: Stage) -> None:
    """A single unknown value keeps every condition that rests on it from passing."""
    stage = copy(finished)
    stage.journal.events[:] = [
        event for event in stage.journal.events if name not in (event.data.get("kpi"), event.data.get("condition"))
    ]
    _renumber(stage)
    missing = {part.name for part in stage.care.exit_standing().missing}
    expected = {"satisfaction": {"satisfaction_met", "all_kpis_met", "users_satisfied"}}.get(name, {name})
    assert missing == expected


def _renumber(stage: Stage) -> None:
    from dataclasses import replace

    stage.journal.events[:] = [replace(event, sequence=n) for n, event in enumerate(stage.journal.events, 1)]


def test_what_does_not_apply_is_waived_with_a_reason() -> None:
    """A waived measure is neither met nor missed, and what rests on it alone is waived too."""
    plan = care_plan(
        manifest(
            ("  giver: release_manager", "  waived: {first_contact_resolution: 측정 불가}\n  giver: release_manager")
        ),
        SEOUL,
    )
    stage = Stage(plan)
    found = stage.care.exit_standing()
    assert found.measures["first_contact_resolution"].result is Result.WAIVED
    assert found.conditions["first_contact_met"].result is Result.WAIVED
    assert "first_contact_met" not in {part.name for part in found.missing}


def test_an_extension_extends(finished: Stage) -> None:
    """A later day with a reason, by who would hand over; signatures before it are void."""
    stage = copy(finished)
    stage.care.sign(GIVER, "giver", (), ())
    with pytest.raises(NotYours):
        stage.care.say(decisions.extend(stage.plan, RECEIVER, date(2026, 7, 1), "more"))
    for until in (date(2026, 6, 1), date(2026, 5, 1), date(2028, 1, 1)):
        with pytest.raises(EndInvalid):
            stage.care.say(decisions.extend(stage.plan, GIVER, until, "more"))
    stage.care.say(decisions.extend(stage.plan, GIVER, date(2026, 7, 1), "more"))
    assert stage.state().signatures == []
    assert [part.key for part in stage.care.exit_standing().missing] == ["time"]


def test_a_rollback_ends_it_and_the_next_go_live_begins_anew() -> None:
    """Its choice is recorded; incidents and readings of before are not those of the next time."""
    stage = Stage()
    stage.look(error_rate="3")
    stage.care.say(decisions.choose_rollback(stage.plan, "lee.operator", "no end in sight"))
    stage.record("release.rolled_back")
    assert list(stage.care.tick()) == []
    stage.wait(days=2)
    stage.record("release.live", plan="-")
    assert (stage.state().started, stage.state().incidents) == (stage.now, {})
    assert kinds(stage.look(error_rate="3"))[0] == "incident.opened"


def test_downtime_is_the_total_and_each_moment_counts_once() -> None:
    """Two incidents at once are one time down; the mean to recovery is over both."""
    stage = Stage()
    stage.look(availability="60", error_rate="3")
    stage.looks(1, availability="60")
    stage.looks(1)
    found = measured(stage.plan, stage.state(), stage.now)
    assert (found["downtime"].value, found["recovery_time"].value) == (75, 45)
    assert found["critical_incidents"].result is Result.MET
    assert found["recovery_time"].result is Result.MISSED


def test_what_nobody_watched_is_not_computed() -> None:
    """Three hours without a look leave downtime unknown, and the silence begins anew."""
    stage = Stage()
    stage.looks(24)
    assert silence(stage.state(), stage.now) == timedelta(days=1)
    stage.wait(hours=3)
    stage.look()
    found = measured(stage.plan, stage.state(), stage.now)
    assert (found["downtime"].result, found["downtime"].why) == (Result.UNKNOWN, "unseen")
    assert silence(stage.state(), stage.now) == timedelta()


def test_an_unplanned_change_ends_the_silence() -> None:
    """A planned one does not, and neither does a P3."""
    stage = Stage()
    stage.looks(24)
    stage.care.say(decisions.change(stage.plan, GIVER, "as planned", planned=True))
    stage.look(response_time="2500")
    stage.looks(1)
    assert silence(stage.state(), stage.now) == timedelta(hours=25)
    stage.care.say(decisions.change(stage.plan, GIVER, "in a hurry", planned=False))
    assert silence(stage.state(), stage.now) == timedelta()


def test_a_planned_downtime_opens_nothing() -> None:
    """It is announced before, opens no incident, and is a figure of its own."""
    stage = Stage()
    starts = stage.now + timedelta(hours=1)
    stage.care.say(decisions.plan_downtime(stage.plan, GIVER, starts, starts + timedelta(hours=1), "patch"))
    stage.looks(0.75)
    assert "incident.opened" not in kinds(stage.looks(1, availability="0"))
    stage.looks(1)
    found = measured(stage.plan, stage.state(), stage.now)
    assert (found["planned_downtime"].value, found["downtime"].value) == (60, 0)


@pytest.mark.parametrize(
    ("name", "value", "measured"),
    [
        ("downtime", "0", 0),
        ("all_kpis_met", "met", 0),
        ("nothing", "1", 0),
        ("satisfaction", "9", 0),
        ("satisfaction", "4.5", 1),
        ("manual_updated", "yes", 0),
    ],
)
def test_only_what_people_can_know_is_attested(name: str, value: str, measured: int) -> None:
    """What is computed, rests on others, cannot be or lies in the future is refused and not recorded."""
    stage = Stage()
    when = stage.now + timedelta(days=measured)
    with pytest.raises(MeasureUnknown):
        stage.care.say(decisions.attest(stage.plan, RECEIVER, name, value, when, "note", ""))
    assert stage.state().sequence == 1
