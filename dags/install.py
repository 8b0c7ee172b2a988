"""### 설치 · Installing

새 버전을 옛 버전 옆에 설치하고 확인합니다. 서비스는 아직 옛 버전이 제공합니다.

Puts the new version beside the old one and checks it there. The old one keeps serving; nothing is switched yet.
"""

from airflow.sdk import chain

from golive_airflow.approval import gate
from golive_airflow.stage import CloseStage, OpenStage, Rollback, Step, Verdict, stage_dag

with stage_dag("install", __doc__):
    chain(
        OpenStage(),
        Step(task_id="verify"),
        gate(),
        Step(task_id="upload"),
        Step(task_id="unpack"),
        Step(task_id="configure"),
        Step(task_id="check"),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
