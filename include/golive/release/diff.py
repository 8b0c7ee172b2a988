"""What differs between two plans, as values."""

from dataclasses import dataclass

from golive.release.plan import Plan, PlannedStep


@dataclass(frozen=True)
class Change:
    """A step that both plans have, with different facts."""

    before: PlannedStep
    after: PlannedStep


@dataclass(frozen=True)
class PlanDiff:
    """Steps by their key. ``reordered``: the steps that both plans have come in another order."""

    added: tuple[PlannedStep, ...]
    removed: tuple[PlannedStep, ...]
    changed: tuple[Change, ...]
    reordered: bool

    @property
    def empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.reordered)


def diff(before: Plan | None, after: Plan) -> PlanDiff:
    """What ``after`` does otherwise than ``before``; everything is added when there was no plan before."""
    old = {step.key: step for step in before.steps} if before else {}
    new = {step.key: step for step in after.steps}
    return PlanDiff(
        added=tuple(step for key, step in new.items() if key not in old),
        removed=tuple(step for key, step in old.items() if key not in new),
        changed=tuple(Change(old[key], step) for key, step in new.items() if key in old and old[key] != step),
        reordered=[key for key in old if key in new] != [key for key in new if key in old],
    )
