"""What the stages refuse, and what fails in them.

InputError
├── UnknownRelease, UnknownEnvironment, UnknownStep, UnknownTarget
RefusedError
├── NoRequester, NoApprovalLine, OutsideWindow       who and when
├── ChangesUnsigned
├── StageNotOpen, RunEnded, AnotherRunLives          whose turn it is
├── GroundMissing, ProofMissing, HalfUndone, StageIncomplete    what comes before
├── AlreadyLive, Quarantined, NotServing, NothingServes, TargetGivenUp
└── Overtaken, LeaseLost, AnotherRollbackRuns        somebody else took over
TargetError
├── StepFailed, CheckFailed                          final: a retry would do the same
├── StepUnknown, DatabaseUnreachable                 ask again
└── RollbackFailed, StageNotClosed, SecretMissing, DatabaseFailed
                                                                    └── DatabaseLoginRefused
"""

from golive.errors import InputError, RefusedError, TargetError
from golive.texts import text


class _Unknown(InputError):
    """Data: ``meant``, a tuple of known names that could have been meant."""

    def message(self, locale: str) -> str:
        names = ", ".join(self.data["meant"])
        suggestion = text("stages.meant", locale, names=names) if names else ""
        return text(self.key, locale, **self.data, suggestion=suggestion)


class UnknownRelease(_Unknown):
    key = "stages.unknown_release"


class UnknownEnvironment(_Unknown):
    key = "stages.unknown_environment"


class UnknownStep(InputError):
    key = "stages.unknown_step"


class UnknownTarget(_Unknown):
    key = "stages.unknown_target"


class TargetGivenUp(RefusedError):
    key = "stages.target_given_up"


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


class AlreadyLive(RefusedError):
    key = "stages.already_live"


class Quarantined(RefusedError):
    key = "stages.quarantined"


class HalfUndone(RefusedError):
    key = "stages.half_undone"


class Overtaken(RefusedError):
    key = "stages.overtaken"


class LeaseLost(RefusedError):
    key = "stages.lease_lost"


class AnotherRollbackRuns(RefusedError):
    key = "stages.another_rollback_runs"


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


class SecretMissing(TargetError):
    """``field`` of ``connection`` is empty, and a configuration needs it."""

    key = "stages.secret_missing"


class DatabaseFailed(TargetError):
    key = "stages.database_failed"


class DatabaseLoginRefused(DatabaseFailed):
    """``server`` did answer, and does not accept ``user``."""

    key = "stages.database_login_refused"


class DatabaseUnreachable(TargetError):
    """Nobody knows what the server did; the next try finds out."""

    key = "stages.database_unreachable"


class NotServing(RefusedError):
    key = "stages.not_serving"


class NothingServes(RefusedError):
    key = "stages.nothing_serves"


class Returned(RefusedError):
    key = "stages.returned"


class ChangesUnsigned(RefusedError):
    """Data: ``release``, ``changes`` (what is missing, in words)."""

    key = "stages.changes_unsigned"


class PromotionRefused(RefusedError):
    key = "stages.promotion_refused"
