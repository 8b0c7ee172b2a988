"""The fold of effects over any history that could be written, by anybody, in any order."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from golive.ledger.events import Event
from golive.stages.effects import (
    SETTLED,
    State,
    fold_effects,
    next_generation,
    operation_id,
    undo_id,
)
from golive.stages.rollback import leaving_traces
from tests.domain.stages.history import INVENTORY, MANIFEST, START

KEYS = ("environment.services/host:app1/api", "cutover.switch/host:app2/api")
WORDS = ("intend", "in_force", "failed", "unknown", "undo", "undone", "undo failed", "undo unknown")
Story = list[tuple[str, str, int]]
STORIES = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(WORDS), st.integers(0, 2)), max_size=40)


def told(story: Story, environment: str = "test") -> list[Event]:
    """The story as events. Intents are made as ``Admission`` does; answers come from any generation, also late."""
    events: list[Event] = []
    for key, word, back in story:
        effect = fold_effects(events, environment).get(key)
        generation = next_generation(effect)
        if word == "intend":
            if effect is None or effect.generation != generation:
                events.append(_intended(len(events) + 1, key, generation, environment))
        elif effect is not None:
            events.append(_answer(len(events) + 1, key, max(1, effect.generation - back), word, environment))
    return events


def _intended(sequence: int, key: str, generation: int, environment: str) -> Event:
    stage, _, rest = key.partition(".")
    step, target, component = rest.split("/")
    data = {
        "operation": operation_id("r", MANIFEST, environment, key, generation),
        "key": key,
        "stage": stage,
        "step": step,
        "target": target,
        "component": component,
        "generation": generation,
        "attempt": 1,
        "token": 1,
        "manifest": MANIFEST,
        "inventory": INVENTORY,
        "inputs": "i",
        "run_id": "r1",
        "environment": environment,
    }
    return Event("release/r", sequence, "effect.intended", data, "golive", START, "")


def _answer(sequence: int, key: str, generation: int, word: str, environment: str) -> Event:
    operation = operation_id("r", MANIFEST, environment, key, generation)
    if not word.startswith("undo"):
        data = {"environment": environment, "operation": operation, "outcome": word}
        return Event("release/r", sequence, "effect.recorded", data, "golive", START, "")
    outcome = word.removeprefix("undo ")
    data = {"environment": environment, "operation": undo_id(operation, 1), "undoes": operation}
    if word != "undo":
        data["outcome"] = outcome
    kind = "undo.intended" if word == "undo" else "undo.recorded"
    return Event("release/r", sequence, kind, data, "golive", START, "")


@settings(max_examples=50, deadline=None)
@given(STORIES)
def test_no_operation_is_intended_twice(story: Story) -> None:
    """Whatever happened, an operation id names one intent, and generations of a key count up from 1."""
    intents = [event.data for event in told(story) if event.kind == "effect.intended"]
    assert len({data["operation"] for data in intents}) == len(intents)
    for key in KEYS:
        generations = [data["generation"] for data in intents if data["key"] == key]
        assert generations == list(range(1, len(generations) + 1))


@settings(max_examples=50, deadline=None)
@given(STORIES)
def test_a_new_generation_only_follows_a_settled_one(story: Story) -> None:
    """While an effect is open, unknown, in force or half undone, another attempt attaches to it."""
    events = told(story)
    for place, event in enumerate(events):
        if event.kind == "effect.intended" and event.data["generation"] > 1:
            before = fold_effects(events[:place], "test")[event.data["key"]]
            assert before.state in SETTLED
            assert before.generation == event.data["generation"] - 1


@settings(max_examples=50, deadline=None)
@given(STORIES, st.sampled_from(["in_force", "failed", "unknown"]), st.integers(0, 2))
def test_a_late_answer_changes_nothing_that_is_known(story: Story, word: str, back: int) -> None:
    """Once in force, taken back or being taken back, an effect does not change by what a worker still says of it."""
    events = told(story)
    for key, effect in fold_effects(events, "test").items():
        late = _answer(len(events) + 1, key, max(1, effect.generation - back), word, "test")
        after = fold_effects([*events, late], "test")[key]
        if effect.state not in {State.OPEN, State.UNKNOWN, State.FAILED} or (back and effect.generation > back):
            assert after == effect
        if word == "unknown" and effect.state is State.FAILED:
            assert after == effect


@settings(max_examples=50, deadline=None)
@given(STORIES)
def test_a_rollback_finds_all_that_may_have_left_traces_newest_first(story: Story) -> None:
    """Everything but what was taken back, in the reverse order of the intents."""
    effects = fold_effects(told(story), "test")
    found = leaving_traces(effects.values())
    assert {effect.key for effect in found} == {key for key, e in effects.items() if e.state is not State.UNDONE}
    assert [effect.sequence for effect in found] == sorted((effect.sequence for effect in found), reverse=True)


@settings(max_examples=50, deadline=None)
@given(STORIES, STORIES)
def test_another_environment_is_another_history(story: Story, other: Story) -> None:
    """What happens in production says nothing about test."""
    ours, theirs = told(story), told(other, "production")
    assert fold_effects([*theirs, *ours], "test") == fold_effects(ours, "test")


def test_a_worker_that_did_not_know_of_the_failure_before_may_still_find_it_done() -> None:
    """A target that says done corrects a failure of the same generation: nothing else was tried since."""
    events = told([(KEYS[0], "intend", 0), (KEYS[0], "failed", 0), (KEYS[0], "in_force", 0)])
    assert fold_effects(events, "test")[KEYS[0]].state is State.IN_FORCE


def test_an_answer_that_never_came_does_not_hide_a_failure() -> None:
    """A second worker that lost its connection knows less than the one that saw it fail."""
    events = told([(KEYS[0], "intend", 0), (KEYS[0], "failed", 0), (KEYS[0], "unknown", 0)])
    assert fold_effects(events, "test")[KEYS[0]].state is State.FAILED


def test_operation_ids_differ_by_everything_that_names_an_effect() -> None:
    """Release, manifest, environment, key and generation each make another operation; a compensation has its own."""
    base = ("r", MANIFEST, "test", KEYS[0], 1)
    others: Sequence[tuple[str, str, str, str, int]] = [
        ("s", *base[1:]),
        (base[0], INVENTORY, *base[2:]),
        (*base[:2], "production", *base[3:]),
        (*base[:3], KEYS[1], 1),
        (*base[:4], 2),
    ]
    ids = {operation_id(*base), *(operation_id(*other) for other in others)}
    ids |= {undo_id(operation_id(*base), number) for number in (1, 2)}
    assert len(ids) == 8
    assert all(len(name) == 32 for name in ids)


def test_the_fold_keeps_what_the_target_said() -> None:
    """The newest detail goes with the newest state."""
    events = told([(KEYS[0], "intend", 0), (KEYS[0], "failed", 0)])
    events[-1] = replace(events[-1], data={**events[-1].data, "detail": "no room"})
    assert fold_effects(events, "test")[KEYS[0]].detail == "no room"
