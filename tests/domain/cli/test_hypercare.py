"""``golive hypercare``: simulated without a ledger, and as people say it, into one."""

import json
from pathlib import Path

import pytest

from golive.ledger import Ledger, NewEvent
from golive.ledger.events import release_stream
from tests.domain.cli.conftest import Golive
from tests.domain.cli.history import NEW, OLD, serve

SHORT = """
go_live = "2026-03-09T09:00:00"
look_minutes = 60

[[trouble]]
at = "2026-03-12T10:00:00"
measure = "response_time"
value = "2500"
minutes = 200
"""


@pytest.fixture
def short(manifest: Path) -> Path:
    """The example with a hypercare of three weeks."""
    text = manifest.read_text(encoding="utf-8")
    for weeks in (2, 2, 8):
        text = text.replace(f"weeks: {weeks},", "weeks: 1,", 1)
    manifest.write_text(text, encoding="utf-8")
    return manifest


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.toml"
    file.write_text(SHORT, encoding="utf-8")
    return file


@pytest.fixture
def live(story: Ledger) -> Ledger:
    """2.0 serves in production since just now."""
    serve(story, NEW, "production")
    story.record(release_stream(NEW), NewEvent("release.live", {"environment": "production", "plan": "-"}))
    return story


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "ko",
            (
                "모의 실행 contact-center-2.0: 2026-03-09T09:00:00부터 3주",
                "P3 ",
                "응답시간 목표 미달",
                "종료 관문",
            ),
        ),
        ("en", ("SIMULATION of contact-center-2.0", "P3 ", "contact-center-2.0-kpi-response_time-1", "Exit gate")),
    ],
)
def test_a_simulation_tells_what_happened_when(golive: Golive, short, scenario, locale, words) -> None:
    """In the reader's language, with the local time of each line, labelled as a simulation from its first word."""
    found = golive("--locale", locale, "hypercare", "simulate", short, "--scenario", scenario)
    assert found.exit_code == 0
    assert found.stdout.startswith(words[0].split()[0])
    for part in words:
        assert part in found.stdout
    assert "2026-03-12 10:00" in found.stdout


def test_a_simulation_as_data(golive: Golive, short, scenario) -> None:
    """A line for each event, and the last says how it ended and why not sooner."""
    found = golive("hypercare", "simulate", short, "--scenario", scenario, "--json")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert {"release.live", "incident.opened", "report.made"} <= {line["kind"] for line in lines}
    last = lines[-1]
    assert (last["kind"], last["outcome"]) == ("simulation", "handed_over")
    assert last["exits"][-1]["missing"] == []


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--scenario", "none.toml"), 2, "none.toml"),
        (("--timezone", "Mars/Base"), 64, "--timezone"),
        (("--seed", "x"), 64, "--seed"),
    ],
)
def test_what_cannot_be_played_is_refused(golive: Golive, short, words, code, why) -> None:
    """With what is wrong, and nothing on standard output."""
    found = golive("hypercare", "simulate", short, *words)
    assert (found.exit_code, found.stdout) == (code, "")
    assert why in found.stderr


def test_the_meetings_as_a_file(golive: Golive, short, tmp_path: Path) -> None:
    """Written once, and not over a file that is there."""
    file = tmp_path / "care.ics"
    words = ("hypercare", "calendar", short, "--go-live", "2026-03-09T09:00:00", "-o", file)
    assert golive(*words).exit_code == 0
    assert file.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert golive(*words).exit_code == 2
    assert golive(*words, "--force").exit_code == 0


def test_people_say_what_only_they_know(golive: Golive, live: Ledger) -> None:
    """An incident from its report to its explanation, a value, a change: each recorded once, as who said it."""
    said = ("--person", "lee.operator")
    told = golive(
        "hypercare", "incident", NEW, "--cause", "font", "--priority", "P4", "--title", "font", "--note", "x", *said
    )
    assert told.exit_code == 0
    name = f"{NEW}-reported-font-1"
    assert name in told.stdout
    for step in ("acknowledged", "analysed", "worked_around", "updated", "resolved"):
        assert golive("hypercare", "step", NEW, name, step, "--note", "done", *said).exit_code == 0
    explained = ("--root-cause", "css", "--prevention", "review", "--problem", "css")
    assert golive("hypercare", "explain", NEW, name, *explained, *said).exit_code == 0
    assert "already" in golive("hypercare", "explain", NEW, name, *explained, *said).stdout
    assert golive("hypercare", "attest", NEW, "satisfaction", "4.3", "--note", "survey", *said).exit_code == 0
    assert golive("hypercare", "change", NEW, "--note", "hot fix", *said).exit_code == 0
    recorded = [(event.kind, event.actor) for event in live.read(release_stream(NEW))][-9:]
    assert {actor for _, actor in recorded} == {"lee.operator"}
    assert [kind for kind, _ in recorded] == [
        "incident.opened", *["incident.step"] * 4, "incident.closed", "incident.explained", "kpi.attested",
        "change.recorded",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("attest", NEW, "satisfaction", "9", "--note", "x"), 2, "satisfaction"),
        (("attest", NEW, "satisfaction", "4.3", "--note", "x", "--measured", "2126-01-01T00:00"), 2, "satisfaction"),
        (("attest", NEW, "satisfaction", "4.3", "--note", " "), 2, "Words are needed"),
        (("step", NEW, "none", "acknowledged", "--note", "x"), 2, "no incident none"),
        (("extend", NEW, "--until", "2020-01-01", "--note", "x"), 3, "kim.release"),
        (("hand-over", NEW, "--side", "giver"), 3, "Missing ("),
        (("change", OLD, "--note", "x"), 3, OLD),
        (
            ("downtime", NEW, "--starts", "2020-01-01T00:00", "--ends", "2020-01-01T01:00", "--note", "x"),
            3,
            "2020-01-01",
        ),
    ],
)
def test_what_may_not_be_said_is_refused(golive: Golive, live: Ledger, words, code, why) -> None:
    """With the reason, and nothing is recorded."""
    before = len(live.read(release_stream(NEW)))
    found = golive("hypercare", *words, "--person", "lee.operator")
    assert found.exit_code == code
    assert why in found.stderr
    assert len(live.read(release_stream(NEW))) == before


def test_how_it_stands(golive: Golive, live: Ledger) -> None:
    """Every measure with its state and reason, what is missing; and the same as data."""
    found = golive("--locale", "ko", "hypercare", "status", NEW)
    assert found.exit_code == 0
    assert "시스템 가용성" in found.stdout
    assert "확인한 사람 없음" in found.stdout
    data = json.loads(golive("hypercare", "status", NEW, "--json").stdout)
    assert data["measures"]["availability"]["result"] == "unknown"
    assert len(data["conditions"]) == 32
