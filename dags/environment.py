"""### 환경 준비 · Preparing the environment

모든 서버의 상태를 요구 조건과 비교하고, 승인 후 부족한 것을 갖춥니다. 백업은 실제로 복원해 보아야 통과합니다.

Compares every host with what the release needs and shows all shortfalls at once; after the gate it sets up what is
missing. The backup counts only once it has been restored. Whatever was set up here is taken back when the stage fails.
"""

from airflow.sdk import chain

from golive_airflow.approval import gate
from golive_airflow.stage import CloseStage, OpenStage, Rollback, Step, Verdict, stage_dag

with stage_dag("environment", __doc__):
    chain(
        OpenStage(),
        Step(task_id="facts"),
        gate(),
        Step(task_id="directories"),
        Step(task_id="runtime"),
        Step(task_id="services"),
        Step(task_id="databases"),
        Step(task_id="monitoring"),
        Step(task_id="backup"),
        Step(task_id="restore_check"),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
