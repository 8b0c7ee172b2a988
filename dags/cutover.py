"""### 전환 · Cutting over

준비 상태를 근거로 Go/No-Go를 결정하고, 트래픽을 잠시 막고 처리 중인 요청을 기다린 뒤 마지막 변경 데이터를 옮겨
새 버전으로 전환하고, 외부에서 확인합니다. 실패하면 옛 버전이 그동안 쓰인 데이터까지 갖고 다시 서비스합니다.

Go or no-go on the evidence of readiness; then traffic is drained, the last changed rows are brought over, the hosts are
switched and admitted again, and the service is checked from outside. If any of it fails, the old version serves again,
with everything that was written meanwhile.
"""

from airflow.sdk import chain

from golive_airflow.approval import gate
from golive_airflow.stage import CloseStage, OpenStage, Rollback, Step, Verdict, stage_dag

with stage_dag("cutover", __doc__):
    chain(
        OpenStage(),
        Step(task_id="readiness"),
        gate(),
        Step(task_id="drain"),
        Step(task_id="sync", kind="move"),
        Step(task_id="switch"),
        Step(task_id="admit"),
        Step(task_id="smoke"),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
