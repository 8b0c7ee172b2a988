"""Which answers count, and how a gate stands after them."""

from dataclasses import replace

import pytest

from golive.approvals.decisions import decide_expire
from golive.approvals.errors import LineInvalid, NobodyCanApprove, NotApproved
from golive.approvals.values import Kind, Line, State
from golive.ledger.events import NewEvent
from golive.texts import LOCALES, text
from tests.domain.approvals.record import DRAFTER, GATE, LINE, Record


@pytest.fixture
def record():
    return Record()


def forged(record, person, kind="decide", **changes):
    """Write a signature past the rule, as somebody with the writer's rights could."""
    data = {**record.events[0].data, "kind": kind, "person": person, "answer": "approve", "reason": "", "channel": "?"}
    record.append(lambda _events, _now: [NewEvent("gate.signed", {**data, **changes}, person)])


def test_line_granted_in_order(record):
    """A line is granted when every kind has its quorum, and keeps the signatures in order."""
    record.grant()
    stands = record.stands()
    assert stands.state is State.GRANTED
    assert [item.person for item in stands.signatures] == ["choi", "han", "lee", "jung"]
    assert stands.missing == ()


def test_waits_and_names_who_is_missing(record):
    """An open line names what is missing, how many, and from whom."""
    record.ask(Kind.REVIEW)
    record.say("review", "choi")
    record.ask(Kind.AGREE)
    record.say("agree", "lee")
    stands = record.stands()
    assert stands.state is State.WAITING
    assert [(item.kind, item.wanted, item.people) for item in stands.missing] == [
        ("agree", 1, ("han", "park")),
        ("decide", 1, ("jung", "kim", "han")),
    ]


@pytest.mark.parametrize(
    ("kind", "person", "answer", "reason", "why"),
    [
        ("review", "kim", "approve", "", "excluded"),
        ("review", "han", "approve", "", "not_eligible"),
        ("review", "choi\u202e", "approve", "", "not_eligible"),
        ("review", "", "approve", "", "not_eligible"),
        ("agree", "han", "approve", "", "not_yet"),
        ("sign", "choi", "approve", "", "not_in_line"),
        ("review", "choi", "yes", "", "answer_unknown"),
        ("review", "choi", "stop", " \n ", "reason_missing"),
        ("review", "choi", "return", "", "reason_missing"),
        ("review", "choi", "stop", "x" * 2001, "reason_too_long"),
    ],
)
def test_refused_answers_are_recorded(record, kind, person, answer, reason, why):
    """An answer that does not count is recorded with why, and the gate stands as before."""
    record.ask(Kind.REVIEW)
    before = record.stands()
    assert record.say(kind, person, answer, reason) == why
    assert record.events[-1].kind == "gate.refused"
    assert record.stands() == before
    for locale in LOCALES:
        assert text(f"approvals.why_{why}", locale)


def test_not_asked(record):
    """Nobody can answer before the question was put."""
    assert record.say("review", "choi") == "not_asked"


def test_excluded_later(record):
    """A person who is excluded only when answering is refused too."""
    record.ask(Kind.REVIEW)
    record.excluded = ("choi",)
    assert record.say("review", "choi") == "excluded"


@pytest.mark.parametrize(("answer", "state"), [("return", State.RETURNED), ("stop", State.STOPPED)])
def test_terminal(record, answer, state):
    """The first return or stop ends the whole gate; later answers are refused, the same again is a no-op."""
    record.ask(Kind.REVIEW)
    assert record.say("review", "choi", answer, "화면이 다릅니다") == "signed"
    assert record.say("review", "choi", answer, "again") is None
    assert record.say("review", "choi", "approve") == "already_decided"
    assert record.stands().state is record.stands("decide").state is state
    assert record.stands().decision.reason == "화면이 다릅니다"
    assert record.ask(Kind.REVIEW) == ()


def test_one_answer_per_person_and_kind(record):
    """A quorum of two needs two people: the same answer twice counts once, another answer is refused."""
    record.ask(Kind.REVIEW)
    record.say("review", "choi")
    record.ask(Kind.AGREE)
    assert record.say("agree", "han") == "signed"
    assert record.say("agree", "han") is None
    assert record.say("agree", "han", "stop", "아니오") == "already_answered"
    assert record.stands("agree").state is State.WAITING


def test_granted_stays_granted(record):
    """When a kind has its quorum, a late stop on it is refused."""
    record.grant()
    assert record.say("agree", "park", "stop", "too late") == "already_granted"
    assert record.stands().state is State.GRANTED


def test_expiry_never_approves(record):
    """After the hours of a step an answer is refused and the gate is expired."""
    record.ask(Kind.REVIEW)
    record.wait(24)
    assert record.stands().state is State.EXPIRED
    assert record.say("review", "choi") == "expired"
    assert record.stands().state is State.EXPIRED


def test_expiry_is_recorded_once(record):
    """Expiry is written when it is due, and once; what is expired stays so even if the clock goes back."""
    record.ask(Kind.REVIEW)
    assert record.append(decide_expire(GATE, LINE, Kind.REVIEW)) == ()
    record.wait(24)
    assert [event.kind for event in record.append(decide_expire(GATE, LINE, Kind.REVIEW))] == ["gate.expired"]
    assert record.append(decide_expire(GATE, LINE, Kind.REVIEW)) == ()
    record.wait(-5)
    assert record.say("review", "choi") == "expired"


def test_approval_lapses(record):
    """A granted line can be used for the shortest validity of its steps, not longer."""
    record.grant()
    record.wait(7.99)
    assert record.stands().state is State.GRANTED
    record.wait(0.01)
    assert record.stands().state is State.EXPIRED
    assert record.stands("decide").state is State.GRANTED


@pytest.mark.parametrize("change", ["manifest_digest", "plan_digest", "attempt", "stage", "environment"])
def test_votes_hold_for_one_gate(record, change):
    """Votes for another manifest, plan, attempt, stage or environment say nothing here."""
    record.grant()
    other = replace(GATE, **{change: 2 if change == "attempt" else "other"})
    record.gate = other
    assert record.stands() == Record(other).stands()


def test_forged_signatures_do_not_count(record):
    """A signature written past the rule is in the record but grants nothing."""
    record.ask(Kind.REVIEW)
    for person in ("kim", "jung", "choi2"):
        forged(record, person, kind="review")
    forged(record, "jung")
    forged(record, "choi", kind="review", plan="other")
    assert record.stands().state is State.WAITING
    assert record.stands().signatures == ()


def test_later_kind_is_not_asked_before(record):
    """A later kind cannot be asked while an earlier one is open, however green its task is."""
    with pytest.raises(NotApproved) as error:
        record.ask(Kind.DECIDE)
    assert [part.kind for part in error.value.data["missing"]] == ["review", "agree"]
    assert "quality" in error.value.message("ko")


def test_question_is_put_once(record):
    """Asking again writes nothing, so nobody's time starts anew."""
    assert record.ask(Kind.REVIEW)
    record.wait(1)
    assert record.ask(Kind.REVIEW) == ()


def test_nobody_left(record):
    """A quorum that cannot be reached without the excluded people is refused at once, in both languages."""
    record.excluded = ("kim", "choi")
    with pytest.raises(NobodyCanApprove) as error:
        record.ask(Kind.REVIEW)
    assert "quality" in error.value.message("en")
    assert "검토" in error.value.message("ko")


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (LINE.steps[1], LINE.steps[0]),
        (LINE.steps[0], LINE.steps[0]),
        (replace(LINE.steps[0], quorum=0),),
        (replace(LINE.steps[0], valid_hours=0),),
    ],
)
def test_bad_lines(steps):
    """A line that asks nothing, or out of order, is refused."""
    with pytest.raises(LineInvalid):
        Line(steps)


def test_named_twice_counts_once():
    """A person named twice in a step is one person."""
    step = replace(LINE.steps[1], people=("han", "han", "kim"))
    with pytest.raises(NobodyCanApprove):
        step.left(DRAFTER)
