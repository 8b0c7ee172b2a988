"""The body of a question says what changes, the proof, the risk, who signed and what a rollback does."""

from dataclasses import dataclass, replace

import pytest
from markdown_it import MarkdownIt

from golive.approvals.evidence import BODY_BYTES, Dossier, body
from golive.approvals.values import Answer, Kind, Signature
from golive.release.people import Change
from golive.release.plan import Plan, PlannedStep
from golive.texts import LOCALES
from tests.domain.approvals.record import GATE, START


@dataclass(frozen=True)
class Measured:
    name: str
    result: str
    detail: str


def step(host, name="switch", changes="api 1.0.0 → 2.0.0", reversible=True):
    compensation = f"{name} back" if reversible else None
    return PlannedStep("cutover", name, f"host:{host}", "api", True, changes, compensation, reversible)


def change(number, risk, title="상담 이력 통합 조회"):
    return Change(
        id=f"CSR-{number}",
        title=title,
        requester="han",
        owner="kim",
        effort_hours=1,
        source_revisions=("git:4f1c2ab",),
        test_report="TR-1",
        risk=risk,
        services=(),
    )


def plan(*steps):
    return Plan(GATE.release, GATE.environment, "sha256:m", "sha256:e", steps)


@pytest.fixture
def dossier():
    signature = Signature(Kind.REVIEW, "choi", Answer.APPROVE, "확인함", "airflow", START, 4)
    return Dossier(
        gate=GATE,
        kind=Kind.DECIDE,
        role="service_owner",
        title="고객상담센터 2.0 오픈",
        plan=plan(step("app1"), step("app2"), step("db", "drop_column", "old column dropped", False)),
        released=plan(step("app1", changes="api 0.9.0 → 1.0.0"), step("old")),
        facts=(Measured("smoke", "pass", "200 in 12 ms"), Measured("backup", "fail", "31 h old")),
        changes=(change(1, "low"), change(2, "high")),
        signatures=(signature,),
        names={"choi": "최품질"},
        rollback_minutes=60,
    )


def test_says_all_of_it(dossier):
    """The Korean body of a small release, word by word where it matters."""
    words = body(dossier, "ko")
    for part in (
        "production 환경 cutover 단계의 승인 요청 (service\\_owner 역할",
        "변경 요청 2건, 최고 위험도: 높음",
        "- **CSR-2** 상담 이력 통합 조회: 위험도 높음, kim, TR-1",
        "- switch: api 1.0.0 → 2.0.0 (host:app1, host:app2)",
        "- **되돌릴 수 없음** drop\\_column: old column dropped (host:db)",
        "- 제외: cutover.switch/host:old/api",
        "- 변경: cutover.switch/host:app1/api: api 1.0.0 → 2.0.0",
        "- 추가: cutover.switch/host:app2/api",
        "근거: 2건 중 1건 통과",
        "- **실패** backup: 31 h old",
        "- 검토: 최품질 (choi), 승인함, 2026-03-01 09:00 UTC: 확인함",
        "60분 안에 결정",
        "- switch back (host:app1, host:app2)",
        GATE.manifest_digest,
        GATE.plan_digest,
    ):
        assert part in words


@pytest.mark.parametrize("locale", LOCALES)
def test_worst_comes_first(dossier, locale):
    """High risk, failed checks and what cannot be undone stand before the rest."""
    words = body(dossier, locale)
    for first, second in (("CSR-2", "CSR-1"), ("backup", "smoke"), ("column", "switch:")):
        assert words.index(first) < words.index(second)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("letter", ["x", "\U0001f600", '"', "가"])
def test_body_is_bounded(dossier, locale, letter):
    """However much there is, the body stays under its limit and counts what it left out."""
    long = letter * 300
    signature = replace(dossier.signatures[0], reason=long)
    large = replace(
        dossier,
        title=long,
        role=long,
        gate=replace(GATE, release=long, environment=long),
        plan=plan(*(step(f"{number}{long}", changes=f"{number}{long}") for number in range(60))),
        facts=tuple(Measured(long, "fail", long) for _ in range(60)),
        changes=tuple(change(number, "high", title=long[:200]) for number in range(60)),
        signatures=(signature,) * 60,
    )
    words = body(large, locale)
    assert len(words.encode()) <= BODY_BYTES
    assert words.count("…and " if locale == "en" else "…외 ") == 6


def test_hostile_values_stay_text(dossier):
    """Names, titles and details of others make no tag, no link and no mention in the body."""
    evil = "<script>x</script>[a](javascript:b)<!channel>\u202e{{ x }}"
    worst = replace(
        dossier,
        title=evil,
        role=evil,
        gate=replace(GATE, release=evil, stage="cutover"),
        plan=plan(step(evil, evil, evil)),
        released=None,
        facts=(Measured(evil, evil, evil),),
        names={"choi": evil},
        signatures=(replace(dossier.signatures[0], reason=evil),),
    )
    words = body(worst, "en")
    for part in ("<script", "javascript:", "<!channel", "\u202e", "{{"):
        assert part not in words
    rendered = MarkdownIt("commonmark", {"html": True}).render(words)
    assert "<a " not in rendered
    assert "<script" not in rendered


def test_first_release(dossier):
    """Without a released plan the body says that it is the first."""
    assert "Nothing was released here before." in body(replace(dossier, released=None), "en")
