"""Version 1: the list of consultations (상담 목록), on the old system's tables."""

from html import escape

from contact_center.config import Config
from contact_center.database import Database
from contact_center.response import Response

LIST = """
    SELECT cnsl_no AS id, btrim(cust_nm) AS customer, channel.cd_nm AS channel, topic, status.cd_nm AS status,
           rcv_dtm AS received_at
    FROM tb_cnsl JOIN tb_cust USING (cust_no)
    JOIN tb_cd channel ON (channel.cd_grp, channel.cd) = ('CHNL', chnl_cd)
    JOIN tb_cd status ON (status.cd_grp, status.cd) = ('STAT', stat_cd)
    ORDER BY rcv_dtm DESC, cnsl_no LIMIT 50
"""

RECEIVE = """
    WITH received AS (
        INSERT INTO tb_cnsl (cust_no, chnl_cd, topic, stat_cd, rcv_dtm, req_no)
        SELECT %(customer)s, cd, %(topic)s, '10', now() AT TIME ZONE 'Asia/Seoul', %(request)s
        FROM tb_cd WHERE cd_grp = 'CHNL' AND cd_nm = %(channel)s
        ON CONFLICT (req_no) DO NOTHING RETURNING cnsl_no, rcv_dtm),
    noted AS (INSERT INTO tb_cnsl_memo SELECT cnsl_no, 1, %(memo)s FROM received),
    kept AS (
        INSERT INTO tb_cnsl_hist (cnsl_no, stat_cd, chg_dtm) SELECT cnsl_no, '10', rcv_dtm FROM received)
    SELECT cnsl_no AS id FROM received UNION ALL SELECT cnsl_no FROM tb_cnsl WHERE req_no = %(request)s LIMIT 1
"""

PAGE = """<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>고객상담센터</title></head>
<body><h1>고객상담센터</h1><p>{environment} · 버전 {version}</p>
<h2>상담 목록</h2>
<table><tr><th>접수</th><th>고객</th><th>채널</th><th>상담 내용</th><th>상태</th></tr>
{rows}
</table></body></html>
"""


def consultations(database: Database) -> Response:
    """The newest fifty consultations."""
    return Response.json({"title": "상담 목록", "consultations": database.rows(LIST)})


def home(config: Config, database: Database) -> Response:
    """The agents' start page."""
    rows = "\n".join(_row(row) for row in database.rows(LIST))
    return Response.html(PAGE.format(environment=escape(config.environment), version=config.version, rows=rows))


def _row(row: dict[str, object]) -> str:
    cells = (f"{row['received_at']:%m-%d %H:%M}", row["customer"], row["channel"], row["topic"], row["status"])
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
