"""Version 1: the list of consultations (상담 목록)."""

from html import escape

from contact_center.config import Config
from contact_center.database import Database
from contact_center.response import Response

LIST = """
    SELECT consultation.id, customer.name AS customer, channel, topic, consultation.status, received_at
    FROM consultation JOIN customer ON customer.id = customer_id
    ORDER BY received_at DESC, consultation.id LIMIT 50
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
