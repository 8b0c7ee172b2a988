"""### 야간 점검 · Nightly health

환경마다 현지 시각 02시에 서버, 서비스, 결과를 모르는 작업, 버전 차이, 인증서, 데이터베이스, 백업을 점검하고 요약을
보냅니다. 데이터를 옮긴 환경에서는 30분마다 새 데이터를 옛 데이터베이스에도 옮겨 두어 되돌릴 수 있게 합니다.
02시를 놓쳤으면 다음 실행이 대신 점검합니다. 환경을 지정해 실행하면 바로 점검합니다.

At two o'clock at night in each environment's own time zone: hosts, services, operations without an outcome, version
drift against the ledger, certificates, databases, age of the backup; one summary to the channel, an incident on
failure. Where rows were moved, every half hour the new ones flow back into the old database, so that going back loses
nothing. A night that was missed is made up by the next run. Started by hand with an environment it checks that one at
once.
"""

from airflow.sdk import chain

from golive_airflow.health import DueEnvironments, FlowBack, HealthCheck, HealthSummary, health_dag

with health_dag(__doc__):
    chain(
        FlowBack(),
        DueEnvironments(),
        HealthCheck(task_id="hosts"),
        HealthCheck(task_id="services"),
        HealthCheck(task_id="effects"),
        HealthCheck(task_id="drift"),
        HealthCheck(task_id="certificates"),
        HealthCheck(task_id="databases"),
        HealthCheck(task_id="backups"),
        HealthSummary(),
    )
