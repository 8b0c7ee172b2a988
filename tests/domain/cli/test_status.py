"""``golive status``: where everything stands, by the ledger alone."""

import json

from tests.domain.cli.history import NEW, OLD


def test_nothing_was_submitted(golive, configured):
    """An empty ledger says how to begin."""
    found = golive("status")
    assert (found.exit_code, found.stdout) == (0, "No release was submitted yet. Begin with: golive submit FILE\n")


def test_all_releases(golive, story):
    """One line for each release and environment, and under them who is waited for and what is not in order."""
    lines = golive("status").stdout.splitlines()
    table = [line.split() for line in lines[:5]]
    assert table[0][:4] == ["RELEASE", "VERSION", "ROUND", "ENVIRONMENT"]
    assert table[1] == [OLD, "1.0.0", "1", "test", "-", "-"]
    assert table[2] == ["production", "-", OLD]
    assert table[3] == [NEW, "2.0.0", "1", "test", "plan", "done,", "environment", "open", "-"]
    rest = "\n".join(lines[5:])
    assert f"{NEW} / test / environment (attempt 1): approval by the role quality, 1 of choi.quality, until 2" in rest
    assert "Effects without a good end:\n" in rest
    assert "no outcome yet" in rest
    assert "Open incidents:\n  P2 night-1 (test): nightly\\x1b[2J, 2" in rest


def test_in_korean(golive, story):
    """The same in Korean."""
    output = golive("status", "--locale", "ko").stdout
    assert "결재 대기:" in output
    assert "승인, 역할 quality, choi.quality 중 1명" in output
    assert "environment 진행" in output


def test_as_data(golive, story):
    """As JSON every fact has a name."""
    data = json.loads(golive("status", "--json").stdout)
    assert [item["release"] for item in data["releases"]] == [OLD, NEW]
    new = data["releases"][1]
    assert new["serving"] == {"test": None, "production": OLD}
    assert [(gate["kind"], gate["state"], gate["people"]) for gate in new["gates"]] == [
        ("decide", "waiting", ["choi.quality"])
    ]
    assert [effect["state"] for effect in new["effects"]] == ["open"]
    places = {item["environment"]: item for item in data["environments"]}
    assert places["production"]["serving"] == OLD
    assert [item["incident"] for item in places["test"]["incidents"]] == ["night-1"]


def test_one_release(golive, story):
    """A release is shown with its attempts and its latest events; as JSON, too."""
    output = golive("status", NEW).stdout
    assert output.startswith(f"{NEW}  Contact centre 2.0 go-live\n  version 2.0.0, round 1, drafted by kim.release")
    assert "manual-1" in output
    assert f"  production: {OLD} serves\n" in output
    assert "gate.asked" in output
    data = json.loads(golive("status", NEW, "--json").stdout)
    assert data["release"]["stages"][0]["run_id"] == "manual-1"
    assert "gate.asked" in [event["kind"] for event in data["events"]]


def test_an_unknown_release(golive, story):
    """An unknown release is refused with those that could be meant."""
    found = golive("status", "contact-center-2")
    assert found.exit_code == 2
    assert f"Did you mean {NEW}" in found.stderr
