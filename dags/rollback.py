"""### 되돌리기 · Rolling back

언제든지, 오픈 이후에도, 한 환경에서 릴리스를 되돌립니다. 승인 단계는 없습니다. 누가 왜 되돌렸는지 기록됩니다.

Takes a release back in one environment, at any time, also after it went live. There is no gate: whoever may start
this run may do it, and the ledger keeps who did and why. Ends green only when the old version is seen to serve.
"""

from airflow.sdk import chain

from golive_airflow.stage import CloseStage, OpenStage, RollBackRelease, Step, Verdict, reason, stage_dag

with stage_dag("rollback", __doc__, {"reason": reason()}):
    chain(
        OpenStage(),
        RollBackRelease(),
        Step(task_id="confirm"),
        CloseStage(),
        Verdict(),
    )
