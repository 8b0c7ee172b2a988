"""What the edge and the command line call, and nothing else of this package."""

from golive.stages.closing import check_verdict, close_stage, is_child, require_begun, stands_closed
from golive.stages.ending import RollbackReport, roll_back_release, roll_back_stage
from golive.stages.engine import StepReport, run_step
from golive.stages.gates import answer, ask
from golive.stages.giving_up import GivenUp, give_up
from golive.stages.opening import OpenedStage, open_stage
from golive.stages.submission import submit_environment, submit_release

__all__ = [
    "GivenUp",
    "OpenedStage",
    "RollbackReport",
    "StepReport",
    "answer",
    "ask",
    "check_verdict",
    "close_stage",
    "give_up",
    "is_child",
    "open_stage",
    "require_begun",
    "roll_back_release",
    "roll_back_stage",
    "run_step",
    "stands_closed",
    "submit_environment",
    "submit_release",
]
