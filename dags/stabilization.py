"""### 안정화 · Stabilization

15분마다 운영 환경에서 안정화 중인 모든 릴리스를 점검합니다. 오픈하면 시작하고 인수인계나 롤백으로 끝납니다.
지표를 재고, 목표에 미달하면 인시던트를 열고, 기한과 에스컬레이션을 따르고, 일일·주간·월간 보고서를 만듭니다.
실행을 놓쳐도 다음 실행이 이어서 합니다. 상태와 기록: `golive hypercare status 릴리스`.

Every quarter of an hour, all releases that are in hypercare: from going live in production until the hand-over or a
rollback. Measures are taken, a missed target opens an incident, clocks and the ladder are followed, reports are made.
What one run misses the next one makes up. How it stands, and what people say of it: `golive hypercare status RELEASE`.
"""

from airflow.sdk import chain

from golive_airflow.stabilization import DueReleases, Follow, Look, stabilization_dag

with stabilization_dag(__doc__):
    chain(DueReleases(), Look(), Follow())
