"""What the stages refuse, and what fails in them.

RefusedError: UnknownRelease (InputError), UnknownEnvironment (InputError), NoRequester, StageNotOpen, RunEnded,
    OutsideWindow, GroundMissing, PromotionRefused, ReadinessMissing, DowngradeRefused
TargetError: StepFailed (final: a retry would do the same), StepUnknown (ask again), RollbackFailed, StageNotClosed
"""

from golive.errors import InputError, RefusedError, TargetError


class UnknownRelease(InputError):
    key = "stages.unknown_release"


class UnknownEnvironment(InputError):
    key = "stages.unknown_environment"


class UnknownStep(InputError):
    key = "stages.unknown_step"


class NoRequester(RefusedError):
    key = "stages.no_requester"


class StageNotOpen(RefusedError):
    key = "stages.stage_not_open"


class RunEnded(RefusedError):
    key = "stages.run_ended"


class AnotherRunLives(RefusedError):
    key = "stages.another_run_lives"


class NoApprovalLine(RefusedError):
    key = "stages.no_approval_line"


class OutsideWindow(RefusedError):
    key = "stages.outside_window"


class GroundMissing(RefusedError):
    key = "stages.ground_missing"


class ProofMissing(RefusedError):
    key = "stages.proof_missing"


class PromotionRefused(RefusedError):
    key = "stages.promotion_refused"


class StageIncomplete(RefusedError):
    key = "stages.stage_incomplete"


class StepFailed(TargetError):
    """The target said no; asking again would say the same."""

    key = "stages.step_failed"


class StepUnknown(TargetError):
    """The target did not answer in time; the next try attaches to what is there."""

    key = "stages.step_unknown"


class CheckFailed(TargetError):
    key = "stages.check_failed"


class RollbackFailed(TargetError):
    key = "stages.rollback_failed"


class StageNotClosed(TargetError):
    key = "stages.stage_not_closed"


class DatabaseFailed(TargetError):
    key = "stages.database_failed"


class NotServing(RefusedError):
    key = "stages.not_serving"


class NothingServes(RefusedError):
    key = "stages.nothing_serves"
