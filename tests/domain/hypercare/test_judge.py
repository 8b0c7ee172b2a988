"""Whether a value meets a target: unknown never passes."""

from datetime import timedelta

import pytest

from golive.hypercare.catalogue import conditions, measures
from golive.hypercare.judge import judge, judge_period
from golive.hypercare.plan import care_plan
from golive.hypercare.values import Reading, Result
from golive.release.errors import ManifestInvalid
from tests.domain.hypercare.stage import GO_LIVE, SEOUL, plan_of
from tests.domain.release.example import manifest

BASELINE = Reading("handling_time", "200", "plan", GO_LIVE - timedelta(days=30))


def reading(name: str, value: str | None, hours: float = 0) -> Reading:
    return Reading(name, value, "probe", GO_LIVE - timedelta(hours=hours))


def test_the_catalogue_holds_what_the_plan_asks_for() -> None:
    """24 KPIs and 32 conditions, in both languages, and everything a condition rests on exists."""
    assert sum(measure.is_kpi for measure in measures().values()) == 24
    assert len(conditions()) == 32
    for condition in conditions().values():
        known = conditions() if condition.by == "conditions" else measures()
        assert condition.by == "kpis" or set(condition.of) <= set(known)
        assert bool(condition.of) == (condition.by != "attested")
    for item in (*measures().values(), *conditions().values()):
        assert any("가" <= letter <= "힣" for letter in item.ko)
        assert item.en.isascii()


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("availability", "99.9", Result.MET),
        ("availability", "99.89", Result.MISSED),
        ("response_time", "2000", Result.MET),
        ("response_time", "2000.1", Result.MISSED),
        ("security_incidents", "0", Result.MET),
        ("security_incidents", "1", Result.MISSED),
        ("service_quality", "A", Result.MET),
        ("service_quality", "B", Result.MISSED),
        ("compliance", "100", Result.MET),
    ],
)
def test_a_target_itself_is_met(name: str, value: str, result: Result) -> None:
    """What is just reached is met; what is just missed is missed."""
    assert judge(measures()[name], reading(name, value), GO_LIVE).result is result


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("availability", None, "no_value"),
        ("availability", " ", "no_value"),
        ("availability", "NaN", "no_number"),
        ("availability", "Infinity", "no_number"),
        ("availability", "1e999999", "no_number"),
        ("availability", "ok", "no_number"),
        ("availability", "9" * 41, "no_number"),
        ("availability", "100.01", "too_high"),
        ("error_rate", "-0.1", "too_low"),
        ("response_time", "-1", "too_low"),
        ("satisfaction", "5.1", "too_high"),
        ("satisfaction", "0", "too_low"),
        ("security_incidents", "0.5", "no_count"),
        ("service_quality", "AA", "no_grade"),
        ("service_quality", "5", "no_grade"),
        ("handling_time", "140", "no_baseline"),
    ],
)
def test_what_cannot_be_is_unknown(name: str, value: str | None, why: str) -> None:
    """No source can pass a target with nonsense, and the reason is named."""
    judged = judge(measures()[name], reading(name, value), GO_LIVE)
    assert (judged.result, judged.why) == (Result.UNKNOWN, why)


def test_the_future_and_the_past_are_unknown() -> None:
    """A value from the future or older than it may be says nothing of now; a clock may be a minute ahead."""
    measure = measures()["availability"]
    found = {hours: judge(measure, reading("availability", "100", hours), GO_LIVE) for hours in (-0.1, -0.01, 1, 1.1)}
    assert [item.why for item in found.values()] == ["from_the_future", "reached", "reached", "stale"]


@pytest.mark.parametrize(("value", "result"), [("140", "met"), ("141", "missed"), ("260", "missed"), ("-1", "unknown")])
def test_a_comparison_is_against_the_value_before(value: str, result: str) -> None:
    """Thirty percent less than before the release is met; more than before is a miss, not an error."""
    assert judge(measures()["handling_time"], reading("handling_time", value), GO_LIVE, BASELINE).result == result


@pytest.mark.parametrize("value", ["0", "NaN", None])
def test_a_baseline_that_cannot_be_compares_with_nothing(value: str | None) -> None:
    """Against nothing, or zero, nothing is saved."""
    before = Reading("handling_time", value, "plan", BASELINE.at)
    assert judge(measures()["handling_time"], reading("handling_time", "0"), GO_LIVE, before).why == "no_baseline"


def test_a_mean_leaves_out_what_cannot_be() -> None:
    """Nonsense in between neither helps nor harms the mean; nonsense as the newest makes it unknown."""
    values = ["1", "NaN", "3", "-5"]
    readings = [reading("error_rate", value, 0.9 - number / 5) for number, value in enumerate(values)]
    measure = measures()["error_rate"]
    assert judge_period(measure, readings[:3], GO_LIVE).value == 2
    assert judge_period(measure, readings, GO_LIVE).result is Result.UNKNOWN
    assert judge_period(measure, [], GO_LIVE).why == "no_value"


def test_the_manifest_gives_targets() -> None:
    """A catalogued KPI takes the manifest's target; another is added and attested; another unit is refused."""
    own = '- {name: own_measure, target: "7", unit: calls, better: higher}\n    - {name: error_rate, target: "0.5",'
    plan = care_plan(manifest(('- {name: error_rate, target: "1",', own)), SEOUL)
    assert plan.measures["error_rate"].target == "0.5"
    assert plan.measures["error_rate"].watched
    assert plan.measures["own_measure"].obtained == "attested"
    with pytest.raises(Exception, match="percent"):
        care_plan(manifest(('target: "1", unit: percent', 'target: "1", unit: permille')), SEOUL)
    with pytest.raises(ManifestInvalid):
        manifest(('target: "1"', 'target: "NaN"'))
    assert plan_of().clocks["P1"].analysis == 15
