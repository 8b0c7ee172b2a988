"""### 데이터 이관 · Migration

옛 데이터를 조사하고 일부로 먼저 시험한 뒤, 승인을 받아 스키마를 바꾸고 데이터를 옮깁니다. 옛 시스템은 그동안 계속
쓰기를 받으며, 양쪽의 모든 행을 비교해 같을 때만 끝납니다. 실패하면 새 데이터베이스는 처음 상태로 돌아갑니다.

The old rows are looked at and a sample is tried first; after approval the schema is changed and the rows are moved.
The old system goes on writing meanwhile, and the stage ends only when every row is the same on both sides. If any of
it fails, the new database is as it was.
"""

from airflow.sdk import chain

from golive_airflow.approval import gate
from golive_airflow.stage import CloseStage, OpenStage, Rollback, Step, Verdict, stage_dag

with stage_dag("migration", __doc__):
    chain(
        OpenStage(),
        Step(task_id="analyze"),
        Step(task_id="trial"),
        gate(),
        Step(task_id="schema"),
        Step(task_id="load", kind="move"),
        Step(task_id="compare", kind="move"),
        Step(task_id="expectations"),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
