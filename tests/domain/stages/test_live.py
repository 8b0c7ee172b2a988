"""What serves, what served before, and what went live over what."""

from hypothesis import given, settings
from hypothesis import strategies as st

from golive.ledger.events import Event
from golive.stages.live import LIVE, WITHDRAWN, gone_over, lives_of, served_before, serving_of
from tests.domain.stages.history import START

Story = list[tuple[bool, str]]
STORIES = st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=12)


def told(story: Story) -> list[Event]:
    kinds = {True: LIVE, False: WITHDRAWN}
    return [
        Event("environment/e", n, kinds[up], {"release": r}, "golive", START, "") for n, (up, r) in enumerate(story, 1)
    ]


@settings(max_examples=50, deadline=None)
@given(STORIES)
def test_withdrawing_what_serves_uncovers_what_served_before(story: Story) -> None:
    """A rollback brings back exactly what its release had covered."""
    events = told(story)
    serves = serving_of(events)
    if serves is not None:
        release = serves.data["release"]
        before = served_before(events, release)
        after = serving_of([*events, *told([(False, release)])])
        assert after == before
        assert gone_over(events, release) is None


@settings(max_examples=50, deadline=None)
@given(STORIES, st.sampled_from("abc"))
def test_going_live_covers_what_serves(story: Story, release: str) -> None:
    """What served is what a rollback brings back, unless the release itself was there already."""
    events = told(story)
    covered = serving_of(events)
    after = [*events, *told([(True, release)])]
    assert serving_of(after) == after[-1]
    if release not in {event.data["release"] for event in lives_of(events)}:
        assert served_before(after, release) == covered
        if covered is not None:
            assert gone_over(after, covered.data["release"]) == release


def test_a_release_that_never_went_live_would_bring_back_what_serves() -> None:
    events = told([(True, "a"), (True, "b")])
    found = served_before(events, "c")
    assert found is not None
    assert found.data["release"] == "b"
    assert gone_over(events, "c") is None
