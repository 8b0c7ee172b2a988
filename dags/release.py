"""### 오픈 전체 진행 · A whole release

등록된 릴리스를 한 환경에 단계 순서대로 적용합니다. 단계마다 자기 실행이 있고, 여기서 그 실행으로 이동할 수 있습니다.
중단되면 앞선 단계까지 최신 것부터 되돌립니다. 반려된 릴리스는 되돌리지 않고 기안자에게 돌아갑니다.
다시 시작하면 유효한 단계는 그대로 두고 실패한 단계부터 새로 시도합니다.

Takes a submitted release through its stages in one environment. Each stage has a run of its own, linked from here.
If it ends early, the stages before it are taken back too, newest first. A returned release goes back to its drafter
with nothing undone. Start it again to go on: what stands is kept, what failed is tried anew.
"""

from airflow.sdk import chain

from golive_airflow.stage import CloseStage, OpenStage, Rollback, Verdict, stage_dag
from golive_airflow.trigger import RunStage

with stage_dag("release", __doc__):
    chain(
        OpenStage(),
        RunStage(stage="plan"),
        RunStage(stage="environment"),
        RunStage(stage="install"),
        RunStage(stage="migration"),
        RunStage(stage="cutover"),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
