"""How stages end, once, and the incidents of a rollback that could not be finished."""

from golive.stages import incidents
from golive.stages.ending import End, ends
from golive.stages.standing import StageState, fold_stages
from tests.domain.stages.history import Record, run


def test_an_end_is_written_once_and_only_for_the_attempt_that_was_meant() -> None:
    """A second rollback that comes to the same end adds nothing; a newer attempt is not ended by an older one's."""
    record = Record()
    record.open()
    (standing,) = fold_stages(record.events).values()
    (event,) = ends(record.events, [standing], End("rolled_back", "why"))
    assert (event.kind, event.data["attempt"], event.data["reason"]) == ("stage.rolled_back", 1, "why")
    record.add(event.kind, **event.data)
    assert ends(record.events, [standing], End("rolled_back")) == []
    assert len(ends(record.events, [standing], End("quarantined"))) == 1
    record.open(run_id="r2")
    assert ends(record.events, [standing], End("quarantined")) == []


def test_events_of_another_attempt_do_not_move_a_stage() -> None:
    record = Record()
    record.open()
    record.open(run_id="r2")
    record.add("stage.closed", environment="production", stage="environment", attempt=1)
    record.fact("facts")
    (standing,) = fold_stages(record.events).values()
    assert (standing.state, standing.attempt, dict(standing.facts)) == (StageState.OPEN, 2, {"facts": "pass"})


def test_each_run_that_fails_opens_one_incident_of_its_own() -> None:
    """Numbered, in the manifest's language; the same run's retry opens no second one."""
    record = Record()
    first, second = run("cutover", "r1"), run("rollback", "r2")
    for who in (first, first, second):
        for event in incidents.opened(record.events, who, "ko", ["cutover.switch/host:app1/api"]):
            record.add(event.kind, **event.data)
    found = [event.data["incident"] for event in incidents.open_incidents(record.events, "production")]
    assert found == [f"contact-center-2.0-production-rollback-{number}" for number in (1, 2)]
    assert "롤백 미완료" in record.events[0].data["title"]


def test_the_rollback_that_succeeds_closes_them_all() -> None:
    """Unless something that it did not reach is still quarantined; and the next failure counts on."""
    record = Record()
    for stage in ("environment", "cutover"):
        record.open(stage)
        record.end(stage, "quarantined")
    for event in incidents.opened(record.events, run(), "en", ["x"]):
        record.add(event.kind, **event.data)
    assert incidents.closed(record.events, run(), ["cutover"], "") == []
    (event,) = incidents.closed(record.events, run(), ["environment", "cutover"], "repaired")
    assert (event.kind, event.data["reason"]) == ("incident.closed", "repaired")
    record.add(event.kind, **event.data)
    assert incidents.open_incidents(record.events, "production") == ()
    (again,) = incidents.opened(record.events, run(), "en", ["x"])
    assert again.data["incident"].endswith("-2")
