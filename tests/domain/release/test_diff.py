from dataclasses import replace

from golive.release.diff import Change, diff
from golive.release.plan import Plan, PlannedStep
from golive.release.plan_text import diff_text, plan_text


def step(name, target="host:app1", changes="puts it there", effect=True, compensation="removes it"):
    return PlannedStep("install", name, target, "api", effect, changes, compensation, compensation is not None)


UPLOAD = step("upload")
CONFIGURE = step("configure", compensation=None)
VERIFY = step("verify", effect=False, changes="", compensation=None)
PLAN = Plan("contact-center-2.0", "production", "sha256:m", "sha256:e", (VERIFY, UPLOAD, CONFIGURE))


def test_a_plan_does_not_differ_from_itself():
    """The same steps in the same order are no difference, whatever release they belong to."""
    assert diff(PLAN, replace(PLAN, release="contact-center-2.1")).empty


def test_steps_are_added_removed_and_changed():
    """Steps are matched by stage, step, target and component."""
    changed = replace(UPLOAD, changes="puts something else there")
    other = step("upload", "host:app2")
    found = diff(PLAN, replace(PLAN, steps=(VERIFY, changed, other)))
    assert (found.added, found.removed, found.changed) == ((other,), (CONFIGURE,), (Change(UPLOAD, changed),))
    assert not found.reordered


def test_another_order_is_a_difference():
    """The same steps in another order are another plan."""
    found = diff(PLAN, replace(PLAN, steps=(UPLOAD, VERIFY, CONFIGURE)))
    assert found.reordered
    assert not found.empty


def test_without_a_plan_before_everything_is_added():
    """The first release of an environment adds all of its steps."""
    assert diff(None, PLAN).added == PLAN.steps


def test_a_plan_reads_as_a_numbered_list():
    """Every step tells where, what, and how it is undone; what cannot be undone stands out."""
    assert plan_text(PLAN, "en").splitlines() == [
        "Plan of contact-center-2.0 for production",
        f"Digest {PLAN.digest}",
        "",
        "Stage install",
        "   1. verify [host:app1 api] (changes nothing)",
        "   2. upload [host:app1 api] puts it there (undone by removes it)",
        "   3. configure [host:app1 api] puts it there (CANNOT BE UNDONE)",
    ]


def test_a_plan_and_a_difference_read_in_korean():
    """Both texts exist in each language, for an empty plan too."""
    empty = replace(PLAN, steps=())
    assert "되돌릴 수 없음" in plan_text(PLAN, "ko")
    assert plan_text(empty, "ko").endswith("작업이 없습니다.\n")
    assert diff_text(diff(PLAN, PLAN), "ko") == "이전 계획과 차이가 없습니다.\n"


def test_a_difference_shows_each_step_on_its_line():
    """Added, removed and changed steps are told apart by their sign."""
    changed = replace(UPLOAD, changes="puts something else there")
    after = replace(PLAN, steps=(changed, VERIFY, step("upload", "host:app2")))
    assert diff_text(diff(PLAN, after), "en").splitlines() == [
        "Added",
        "  + install upload [host:app2 api] puts it there (undone by removes it)",
        "Removed",
        "  - install configure [host:app1 api] puts it there (CANNOT BE UNDONE)",
        "Changed",
        "  ~ install upload [host:app1]",
        "      before: upload [host:app1 api] puts it there (undone by removes it)",
        "      now: upload [host:app1 api] puts something else there (undone by removes it)",
        "The order of the steps is different.",
    ]
