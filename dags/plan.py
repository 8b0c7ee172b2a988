"""### 계획 · Planning

무엇이 바뀌는지, 누가 서명해야 하는지, 어디에 영향을 주는지, 언제 작업할 수 있는지 확인합니다. 아무것도 바꾸지 않습니다.
마지막 환경에서는 이 결재의 서명이 변경 요청(CSR)의 승인입니다. 반려되면 기안자가 고쳐서 다시 제출합니다.

Looks at what changes, who must sign it, what it touches, and when it may happen. Nothing is changed. In the last
environment the signatures of this gate approve the change requests (CSR). A return sends the release back to its
drafter, who changes it, for instance drops a change request, and submits it again: then all is asked anew.
"""

from airflow.sdk import chain

from golive_airflow.approval import gate
from golive_airflow.stage import CloseStage, OpenStage, Rollback, Step, Verdict, stage_dag

with stage_dag("plan", __doc__):
    chain(
        OpenStage(),
        Step(task_id="changes"),
        Step(task_id="difference"),
        Step(task_id="reach"),
        Step(task_id="schedule"),
        gate(),
        CloseStage(),
        Rollback(),
        Verdict(),
    )
