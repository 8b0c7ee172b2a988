"""A plan, and what differs between two, as plain text for a person."""

from collections.abc import Iterator

from golive.release.diff import PlanDiff
from golive.release.plan import Plan, PlannedStep
from golive.texts import text


def plan_text(plan: Plan, locale: str) -> str:
    """All steps by stage: where, what changes, and how it is undone. Lines end with ``\\n``."""
    return "\n".join(_plan_lines(plan, locale)) + "\n"


def diff_text(diff: PlanDiff, locale: str) -> str:
    """The difference, one step a line: ``+`` added, ``-`` removed, ``~`` changed. Lines end with ``\\n``."""
    return "\n".join(_diff_lines(diff, locale)) + "\n"


def _plan_lines(plan: Plan, locale: str) -> Iterator[str]:
    yield text("release.plan_title", locale, release=plan.release, environment=plan.environment)
    yield text("release.plan_digest", locale, digest=plan.digest)
    if not plan.steps:
        yield text("release.plan_nothing", locale)
    stage = None
    for number, step in enumerate(plan.steps, 1):
        if step.stage != stage:
            stage = step.stage
            yield ""
            yield text("release.plan_stage", locale, stage=stage)
        yield f"{number:>4}. {_step_line(step, locale)}"


def _diff_lines(diff: PlanDiff, locale: str) -> Iterator[str]:
    if diff.empty:
        yield text("release.plan_same", locale)
    for sign, key, steps in (("+", "plan_added", diff.added), ("-", "plan_removed", diff.removed)):
        if steps:
            yield text(f"release.{key}", locale)
        yield from (f"  {sign} {step.stage} {_step_line(step, locale)}" for step in steps)
    if diff.changed:
        yield text("release.plan_changed", locale)
    for change in diff.changed:
        yield f"  ~ {change.after.stage} {change.after.step} [{change.after.target}]"
        yield "      " + text("release.plan_before", locale, line=_step_line(change.before, locale))
        yield "      " + text("release.plan_after", locale, line=_step_line(change.after, locale))
    if diff.reordered:
        yield text("release.plan_reordered", locale)


def _step_line(step: PlannedStep, locale: str) -> str:
    where = f"{step.target} {step.component}" if step.component else step.target
    return " ".join(part for part in (step.step, f"[{where}]", step.changes, f"({_undo(step, locale)})") if part)


def _undo(step: PlannedStep, locale: str) -> str:
    if not step.effect:
        return text("release.plan_reads", locale)
    if step.reversible and step.compensation:
        return text("release.plan_undo", locale, compensation=step.compensation)
    return text("release.plan_final", locale)
