"""Whatever is answered, by whom and when: what can never happen to a gate."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from golive.approvals.errors import NotApproved
from golive.approvals.values import Answer, Kind, State
from tests.domain.approvals.record import DRAFTER, LINE, Record

PEOPLE = ("choi", "kim", "han", "lee", "park", "jung", "stranger")
ACTIONS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(Kind)),
    st.tuples(
        st.just("say"),
        st.sampled_from(Kind),
        st.sampled_from(PEOPLE),
        st.sampled_from(["approve"] * 6 + ["return", "stop", "?"]),
        st.sampled_from(["because", "because", " "]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 3, 23])),
)
ENDED = {State.RETURNED, State.STOPPED}


def act(record, action):
    name, *words = action
    if name == "ask":
        with suppress(NotApproved):  # asked out of order: nothing was written, and that is what is tested
            record.ask(*words)
    else:
        getattr(record, name)(*words)


def grants_are_earned(record):
    """Every granted kind has its quorum of different, named, not excluded people, signed after earlier kinds."""
    last = 0
    for step in LINE.steps:
        if record.stands(step.kind).state is not State.GRANTED:
            return
        signed = [event for event in record.events if event.kind == "gate.signed" and event.data["kind"] == step.kind]
        people = {event.data["person"] for event in signed if event.data["answer"] == "approve"}
        assert len(people & set(step.people) - set(DRAFTER)) >= step.quorum
        assert signed[0].sequence > last
        last = signed[-1].sequence


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTIONS, max_size=30))
def test_any_history(actions):
    """Grants are earned and stay, an end is final, and there is at most one of it."""
    record = Record()
    granted: set[Kind] = set()
    ended = None
    for action in actions:
        act(record, action)
        now_granted = {kind for kind in Kind if record.stands(kind).state is State.GRANTED}
        state = record.stands().state
        if ended is None:
            assert granted <= now_granted or state in ENDED
        else:
            assert record.stands().state is ended
        granted = now_granted
        ended = state if state in ENDED else None
        grants_are_earned(record)
    ends = [event for event in record.events if event.kind == "gate.signed" and event.data["answer"] != Answer.APPROVE]
    assert len(ends) == (1 if ended else 0)
    assert all(event.data["reason"].strip() for event in ends)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTIONS, max_size=12))
def test_line_is_reachable_unless_ended(actions):
    """After any history within time that did not end the gate, the people who are named can still grant it."""
    record = Record()
    for action in actions:
        if action[0] != "wait":
            act(record, action)
    if record.stands().state in ENDED:
        return
    for step in LINE.steps:
        record.ask(step.kind)
        for person in step.left(DRAFTER):
            record.say(step.kind, person)
    assert record.stands().state is State.GRANTED
