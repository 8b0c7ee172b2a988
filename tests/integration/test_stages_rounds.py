"""Runs at the wrong moment, submissions that change on the way, and databases made and taken back: for real."""

from collections import Counter
from urllib.parse import quote

import psycopg
import pytest

from golive.approvals.errors import NotApproved
from golive.approvals.values import State as GateState
from golive.ledger.events import environment_stream
from golive.ledger.leases import current
from golive.stages import rollback
from golive.stages.api import answer, ask, close_stage, open_stage, roll_back_stage, run_step
from golive.stages.catalogue import STAGES
from golive.stages.effects import State
from golive.stages.errors import (
    AlreadyLive,
    AnotherRunLives,
    GroundMissing,
    Quarantined,
    Returned,
    RollbackFailed,
    StageNotOpen,
    UnknownEnvironment,
)
from golive.stages.incidents import open_incidents
from golive_stack import direct
from golive_stack.state import State as Choices
from tests.integration.stage_runs import OLD, Site

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]


def test_nothing_happens_without_its_ground_its_gate_and_its_turn(here: Site) -> None:
    """A later stage, a step without approval and a second run are refused, and none of them leaves a lease behind."""
    release = here.submit("early")
    with pytest.raises(GroundMissing):
        here.opened(release, "cutover")
    run = here.opened(release, "environment")
    run_step(run, "facts")
    with pytest.raises(NotApproved):
        run_step(run, "directories")
    second = here.runtime(release, "environment", "2", lives=lambda stage, run_id: True)
    with pytest.raises(AnotherRunLives):
        open_stage(second)
    assert current(here.ledger.read(environment_stream("test")), "host:app1") is None
    direct.sign_gate(run)
    with pytest.raises(GroundMissing):
        run_step(run, "runtime")
    roll_back_stage(run)


def test_what_is_closed_is_not_done_again_and_what_serves_is_not_changed(here: Site) -> None:
    """A second run of a closed stage is a no-op; once the environment's file has changed, it is refused."""
    before = len(here.events(OLD))
    assert here.opened(OLD, "cutover", "again").run.release == OLD
    assert here.events(OLD)[before:] == ()
    here.place("test", lambda text: text.replace("en: Test", "en: Tested"))
    try:
        for stage in ("environment", "release"):
            with pytest.raises(AlreadyLive):
                here.opened(OLD, stage, "again")
    finally:
        here.place("test")


def test_a_file_that_changes_under_a_gate_closes_it(here: Site) -> None:
    """Drift: neither an answer nor a step counts any more for what was opened; a new attempt asks again."""
    release = here.submit("drift")
    run = here.opened(release, "environment")
    run_step(run, "facts")
    ask(run, "decide")
    here.place("test", lambda text: text.replace("en: Test", "en: Tested"))
    with pytest.raises(StageNotOpen):
        answer(run, "decide", "choi.quality", "approve", "", "stack")
    with pytest.raises(StageNotOpen):
        ask(run, "decide")
    with pytest.raises(StageNotOpen):
        run_step(run, "directories")
    roll_back_stage(run)
    again = here.opened(release, "environment", "2")
    assert here.standing(release, "environment").attempt == 2
    roll_back_stage(again)
    here.place("test")


def test_a_returned_release_comes_back_and_repeats_only_what_changed(here: Site) -> None:
    """반려 at the gate of cutover: nothing is undone and nobody is kept waiting. A new title repeats no work on a host;
    a new template repeats what stands on it, newest first."""
    release = here.submit("rounds")
    run = here.until(release, "cutover", "readiness")
    run_step(run, "readiness")
    ask(run, "decide")
    assert answer(run, "decide", "choi.quality", "return", "제목을 고쳐 주세요", "stack").state is GateState.RETURNED
    assert roll_back_stage(run).outcome == "returned"
    assert "undo.intended" not in here.kinds(release)
    assert current(here.ledger.read(environment_stream("test")), "host:app1") is None
    here.resubmit(release, lambda text: text.replace("상담센터 2.0 오픈", "상담센터 2.0 개통"))
    here.until(release, "cutover", "readiness", "2")
    keys = Counter(event.data["key"] for event in here.events(release) if event.kind == "effect.intended")
    assert {key for key, count in keys.items() if count > 1} == {"environment.monitoring/release"}
    here.resubmit(release, lambda text: text + "extra = one line more\n", "templates/app.conf.template")
    here.until(release, "cutover", "readiness", "3")
    keys = Counter(event.data["key"] for event in here.events(release) if event.kind == "effect.intended")
    assert keys["install.configure/host:app1/api"] == 2
    assert keys["environment.databases/database:main"] == 1
    configured = next((here.host() / "components" / "api" / "releases").glob("2.0.0-*/etc/app.conf"))
    assert "extra = one line more" in configured.read_text(encoding="utf-8")
    here.roll_back(release)


def test_a_change_request_that_is_not_approved_is_dropped_and_all_are_asked_anew(here: Site) -> None:
    """In production nothing begins before the plan is signed. The technical side returns it; the drafter drops one
    change request; for the new digest both sides sign, and only then is anything done there."""
    release = here.submit("dropped")
    here.live(release)
    with pytest.raises(GroundMissing, match="plan"):
        open_stage(here.runtime(release, "environment", environment="production"))
    run = here.opened(release, "plan", environment="production")
    for step in STAGES["plan"].steps:
        run_step(run, step.name)
    ask(run, "agree")
    with pytest.raises(NotApproved):
        close_stage(run)
    word = answer(run, "agree", "park.infra", "return", "CSR-2026-0121은 빼 주세요", "stack")
    assert word.state is GateState.RETURNED
    assert roll_back_stage(run).outcome == "returned"
    with pytest.raises(Returned):
        here.planned(release, "production")
    here.resubmit(release, _without_the_second_change)
    here.planned(release, "production")
    signed = [
        event.data for event in here.events(release) if event.kind == "gate.signed" and event.data["stage"] == "plan"
    ]
    assert [data["person"] for data in signed] == ["park.infra", "park.infra", "jung.owner"]
    assert len({data["manifest"] for data in signed}) == 2
    facts = {event.data["name"] for event in here.events(release) if event.kind == "fact.recorded"}
    assert {"changes/CSR-2026-0117", "difference/api", "reach/host:lb1", "schedule/cutover"} <= facts
    here.live(release, "production")
    assert here.version("production") == "2.0.0"
    here.roll_back(release, "production")
    here.roll_back(release)


def _without_the_second_change(text: str) -> str:
    begin, end = text.index("  - id: CSR-2026-0121"), text.index("\ncomponents:")
    return text[:begin] + text[end:]


def test_a_stage_of_a_later_round_that_fails_takes_back_what_was_built_on_it(here: Site) -> None:
    """Round 2 prepares anew and gives up: what round 1 had installed goes too, and nothing says that it is closed."""
    release = here.submit("given-up")
    here.until(release, "cutover", "readiness")
    here.resubmit(release, lambda text: text.replace("상담센터 2.0 오픈", "상담센터 2.0 개통"))
    run = here.opened(release, "environment", "2")
    assert here.effect(release, "install.unpack/host:app1/api").state is State.IN_FORCE
    assert roll_back_stage(run).outcome == "rolled_back"
    assert here.standing(release, "install").state == "rolled_back"
    assert not list((here.host() / "components" / "api" / "releases").glob("2.0.0-*"))


@pytest.mark.parametrize("goes_live", [True, False])
def test_a_rollback_goes_by_what_was_carried_out(here: Site, goes_live: bool) -> None:
    """The newest submission left the environment out of its path, and the environment's file has changed: the release
    is taken back all the same, live or on its way."""
    release = here.submit("dropped-live" if goes_live else "dropped")
    if goes_live:
        here.live(release)
    else:
        here.until(release, "install", "configure")
    here.resubmit(release, lambda text: text.replace("[test", "[staging"))
    here.place("test", lambda text: text.replace("en: Test", "en: Tested"))
    try:
        with pytest.raises(UnknownEnvironment):
            here.opened(release, "environment", "again")
        assert here.roll_back(release).outcome == "rolled_back"
        assert here.version() == "1.0.0"
    finally:
        here.place("test")


def test_a_round_that_cannot_be_taken_back_is_quarantined(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Round 2 does it differently, and what round 1 had switched does not come back: the stage that was opened and
    those that had been closed are quarantined, with an incident, until a rollback succeeds."""
    monkeypatch.setattr(rollback, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(rollback, "TRIES", 1)
    release = here.submit("half-back")
    here.until(release, "cutover", "smoke")
    here.resubmit(release, lambda text: text + "extra = one line more\n", "templates/app.conf.template")
    serve = next((here.host() / "components" / "api" / "releases").glob("1.0.0-*")) / "bin" / "serve"
    whole = serve.read_bytes()
    serve.write_bytes(b"#!/bin/sh\nexit 1\n")
    try:
        with pytest.raises(RollbackFailed):
            here.opened(release, "environment", "2")
    finally:
        serve.write_bytes(whole)
    assert {here.standing(release, stage).state for stage in ("environment", "install")} == {"quarantined"}
    assert len(open_incidents(here.events(release), "test")) == 1
    with pytest.raises(Quarantined):
        here.opened(release, "environment", "3")
    assert here.roll_back(release).outcome == "rolled_back"
    assert not open_incidents(here.events(release), "test")


def test_a_missing_database_is_made_and_taken_back(here: Site) -> None:
    """Role and database are made for the release; taken back while empty, kept once somebody has put something in."""
    here.place("test", lambda text: text.replace("\nbalancers:", f"\n{_DATABASE}balancers:", 1))
    for release, fill in (("makes", False), ("fills", True)):
        run = here.until(here.submit(release), "environment", "monitoring")
        made = here.effect(release, "environment.databases/database:extra")
        assert made.detail == "role extra_owner, database golive extra"
        if fill:
            _execute(here, "golive extra", "CREATE TABLE kept (id int)")
        roll_back_stage(run)
        assert ("golive extra" in _names(here)) is fill
    _execute(here, "postgres", 'DROP DATABASE "golive extra"')
    _execute(here, "postgres", "DROP ROLE extra_owner")
    here.place("test")


_DATABASE = """  extra:
    admin: golive_test_admin
    connection: golive_test_main
    name: golive extra
    role: extra_owner
    host: app1
"""


def _execute(here: Site, database: str, statement: str) -> None:
    with psycopg.connect(
        here.info.postgres.url(quote(database)).reveal(), autocommit=True, connect_timeout=5
    ) as session:
        session.execute(statement.encode())


def _names(here: Site) -> list[str]:
    with psycopg.connect(here.info.postgres.url("postgres").reveal(), connect_timeout=5) as session:
        return [row[0] for row in session.execute("SELECT datname FROM pg_database")]


def test_two_components_of_which_one_is_unchanged_share_nothing(here: Site) -> None:
    """Each release has its own copy of a component, so that taking one back leaves the same artifact of another."""
    choices = Choices(here.info.home.state)
    ports = "".join(f'      web_{kind}port: "{choices.port(f"web-{kind}")}"\n' for kind in ("", "check_"))
    here.place("test", lambda text: text.replace("    variables:\n", f"    variables:\n{ports}", 1))
    release = here.submit("two", _with_web)
    here.until(release, "cutover", "admit")
    run = here.runtime(release, "cutover")
    here.rest(run, "admit")
    api, web = (here.host() / "components" / name for name in ("api", "web"))
    assert (api / "current").readlink() == (web / "current").readlink()
    second = here.submit("two-again", _with_web)
    here.until(second, "cutover", "drain")
    assert here.roll_back(second).outcome == "rolled_back"
    assert (web / "current" / ".golive" / "launch").exists()
    assert here.version() == "2.0.0"
    here.roll_back(release)
    assert not (web / "current").is_symlink()
    here.place("test")


def _with_web(text: str) -> str:
    """The manifest with the component ``api`` a second time, as ``web``."""
    begin, end = text.index("  api:\n"), text.index("\nchecks:")
    return text[:end] + "\n" + text[begin:end].replace("  api:\n", "  web:\n", 1) + text[end:]
