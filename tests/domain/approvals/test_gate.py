"""Gates on a real ledger: asked, answered at the same moment, refused, expired, relied upon."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from golive.approvals.errors import ApprovalExpired, GateReturned, GateStopped, NotApproved
from golive.approvals.gate import answer, ask, expire, require_granted
from golive.approvals.standing import identity
from golive.approvals.values import Kind, Question, Settled, State
from golive.ledger import Ledger, Signer
from golive.ledger.events import NewEvent, release_stream
from golive.texts import LOCALES
from tests.domain.approvals.record import DRAFTER, GATE, LINE

STREAM = release_stream(GATE.release)


def put(ledger, kind=Kind.REVIEW):
    return ask(ledger, GATE, LINE, DRAFTER, kind, "# 무엇이 바뀌는가", "운영 전환 승인")


def say(ledger, person, said="approve", reason="", kind="review"):
    return answer(ledger, GATE, LINE, DRAFTER, kind, person, said, reason, "airflow")


def grant(ledger):
    for kind, people in ((Kind.REVIEW, ["choi"]), (Kind.AGREE, ["han", "lee"]), (Kind.DECIDE, ["jung"])):
        put(ledger, kind)
        stands = [say(ledger, person, kind=kind) for person in people][-1]
        assert stands.state is State.GRANTED


def rely(ledger, later=timedelta()):
    require_granted(ledger.read(STREAM), GATE, LINE, ledger.now() + later)


def test_question(ledger):
    """A question shows its body, names who may answer without the drafter, and is put once."""
    question = put(ledger)
    assert isinstance(question, Question)
    assert question.body == "# 무엇이 바뀌는가"
    assert question.assignees == ("choi",)
    assert question.options == ("approve", "return", "stop")
    assert question.expires > ledger.now() + timedelta(hours=23)
    assert ask(ledger, GATE, LINE, DRAFTER, Kind.REVIEW, "other", "other") == question
    assert ledger.fetch(question.digest).decode() == question.body


def test_granted_line_opens(ledger):
    """The effects may follow when every kind is signed, and only then."""
    with pytest.raises(NotApproved) as error:
        rely(ledger)
    assert [part.kind for part in error.value.data["missing"]] == ["review", "agree", "decide"]
    grant(ledger)
    rely(ledger)
    assert isinstance(put(ledger, Kind.DECIDE), Settled)
    with pytest.raises(ApprovalExpired):
        rely(ledger, timedelta(hours=8))


def test_other_plan_is_not_approved(ledger):
    """A plan that drifted after the approval is not approved."""
    grant(ledger)
    with pytest.raises(NotApproved):
        require_granted(ledger.read(STREAM), replace(GATE, plan_digest="sha256:other"), LINE, ledger.now())


@pytest.mark.parametrize(("said", "error"), [("return", GateReturned), ("stop", GateStopped)])
def test_ended_gate_says_by_whom_and_why(ledger, said, error):
    """A return and a stop keep their reason, without control characters, and name the person."""
    put(ledger)
    say(ledger, "choi", said, " \x1b[31m화면이\u202e 다릅니다\x00\ud800\n다시 ")
    with pytest.raises(error) as caught:
        rely(ledger)
    assert caught.value.data["reason"] == "화면이 다릅니다\ufffd\n다시"
    assert all("choi" in caught.value.message(locale) for locale in LOCALES)
    assert isinstance(put(ledger), Settled)


def test_bad_votes_are_kept(ledger):
    """A vote that does not count never raises, says why, and stays in the record, however hostile it is."""
    put(ledger)
    hostile = "\x00\ud800<script>" + "x" * 5000
    for person, said, kind in (("kim", "approve", "review"), ("choi", hostile, "review"), (hostile, "stop", hostile)):
        stands = say(ledger, person, said, "because", kind)
        assert stands.state is State.WAITING
        assert stands.refused
    assert [event.kind for event in ledger.read(STREAM)] == ["gate.asked", *["gate.refused"] * 3]


def test_expiry_is_not_due_early(ledger):
    """A question that can still be answered is not expired by asking whether it is."""
    put(ledger)
    assert expire(ledger, GATE, LINE, Kind.REVIEW).state is State.WAITING
    assert [event.kind for event in ledger.read(STREAM)] == ["gate.asked"]


def test_late_answer_is_refused_by_the_database(ledger):
    """When the hours are over by the database's clock an answer is refused, the expiry kept once, nothing granted."""
    past = (ledger.now() - timedelta(seconds=1)).isoformat()
    asked = {"kind": "review", "title": "t", "body": "sha256:x", "assignees": ["choi"], "expires": past}
    ledger.record(STREAM, NewEvent("gate.asked", {**identity(GATE), **asked}))
    assert say(ledger, "choi").refused == "approvals.why_expired"
    for _ in range(2):
        assert expire(ledger, GATE, LINE, Kind.REVIEW).state is State.EXPIRED
    assert put(ledger) == Settled(expire(ledger, GATE, LINE, Kind.REVIEW))
    assert [event.kind for event in ledger.read(STREAM)] == ["gate.asked", "gate.refused", "gate.expired"]
    with pytest.raises(ApprovalExpired):
        rely(ledger)


def racing(postgres, ledger_database, tmp_path, calls):
    """Runs ``calls`` at the same moment, each over connections of its own."""
    signer = Signer.load(tmp_path / "key.pem")
    url = postgres.url(ledger_database, "worker", "worker")
    ledgers = [Ledger(url, signer=signer, heads=None) for _ in calls]
    with ThreadPoolExecutor(len(calls)) as pool:
        results = list(pool.map(lambda pair: pair[0](pair[1]), zip(calls, ledgers, strict=True)))
    for ledger in ledgers:
        ledger.close()
    return results


def test_racing_answers_end_once(postgres, ledger, ledger_database, tmp_path):
    """Of answers given at the same moment exactly one ends the gate, and all are told the same end."""
    line = LINE.steps[1]
    wide = replace(LINE, steps=(replace(line, quorum=3, people=("han", "lee", "park")),))
    ask(ledger, GATE, wide, (), Kind.AGREE, "body", "title")

    def call(person, said):
        return lambda own: answer(own, GATE, wide, (), "agree", person, said, "because", "airflow")

    calls = [call(person, said) for person in ("han", "lee", "park") for said in ("stop", "return", "stop")]
    results = racing(postgres, ledger_database, tmp_path, calls)
    assert len({result.decision for result in results}) == 1
    assert sum(event.kind == "gate.signed" for event in ledger.read(STREAM)) == 1


def test_racing_double_click_counts_once(postgres, ledger, ledger_database, tmp_path):
    """The same click sent many times at once is one signature, and nobody is refused."""
    put(ledger)
    results = racing(postgres, ledger_database, tmp_path, [lambda own: say(own, "choi")] * 6)
    assert [result.refused for result in results] == [None] * 6
    assert [event.kind for event in ledger.read(STREAM)] == ["gate.asked", "gate.signed"]


def test_racing_questions_are_one(postgres, ledger, ledger_database, tmp_path):
    """Two tries of the same task that ask at once put one question."""
    results = racing(postgres, ledger_database, tmp_path, [put] * 4)
    assert len(set(results)) == 1
    assert [event.kind for event in ledger.read(STREAM)] == ["gate.asked"]
