"""Version 2: one view of the consultation history (상담 통합 조회) and the agents' state (상담원 상태)."""

from html import escape

from contact_center.config import Config
from contact_center.database import Database
from contact_center.response import Response
from contact_center.style import STYLE

HISTORY = """
    SELECT consultation.id, customer.name AS customer, customer.grade, channel, topic, consultation.status,
           received_at AT TIME ZONE 'Asia/Seoul' AS received_at, closed_at, summary, agent.name AS agent,
           agent.status AS agent_status
    FROM consultation JOIN customer ON customer.id = customer_id LEFT JOIN agent ON agent.id = agent_id
    ORDER BY received_at DESC, consultation.id LIMIT 50
"""
AGENTS = """
    SELECT agent.id, agent.name, team.name AS team, extension, status
    FROM agent JOIN team ON team.id = team_id WHERE active ORDER BY team.name, agent.id
"""
RECEIVE = """
    WITH received AS (
        INSERT INTO consultation (customer_id, channel, topic, status, received_at, summary, request)
        VALUES (%(customer)s, %(channel)s, %(topic)s, '접수', date_trunc('second', now()), %(memo)s, %(request)s)
        ON CONFLICT (request) DO NOTHING RETURNING id, received_at),
    kept AS (
        INSERT INTO consultation_event (consultation_id, status, at) SELECT id, '접수', received_at FROM received)
    SELECT id FROM received UNION ALL SELECT id FROM consultation WHERE request = %(request)s LIMIT 1
"""

PAGE = """<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>고객상담센터</title><style>{style}</style></head>
<body><header><h1>고객상담센터</h1><p>{environment} · 버전 {version}</p></header>
<section><h2>상담원 상태</h2><ul>{agents}</ul></section>
<section><h2>상담 통합 조회</h2>
<table><tr><th>접수</th><th>고객</th><th>등급</th><th>채널</th><th>상담 내용</th><th>상담원</th><th>상태</th></tr>
{rows}
</table></section></body></html>
"""


def consultations(database: Database) -> Response:
    """The newest fifty consultations with their agents, and the state of every agent."""
    content = {
        "title": "상담 통합 조회",
        "consultations": database.rows(HISTORY),
        "agents": database.rows(AGENTS),
    }
    return Response.json(content)


def home(config: Config, database: Database) -> Response:
    """The agents' start page."""
    agents = "".join(_agent(row) for row in database.rows(AGENTS))
    rows = "\n".join(_row(row) for row in database.rows(HISTORY))
    title = escape(config.environment)
    return Response.html(PAGE.format(style=STYLE, environment=title, version=config.version, agents=agents, rows=rows))


def _agent(row: dict[str, object]) -> str:
    name, team, status = (escape(str(row[key])) for key in ("name", "team", "status"))
    return f'<li data-status="{status}"><b>{name}</b> {team} <em>{status}</em></li>'


def _row(row: dict[str, object]) -> str:
    cells = (
        f"{row['received_at']:%m-%d %H:%M}",
        row["customer"],
        row["grade"],
        row["channel"],
        row["topic"],
        row["agent"] or "미배정",
        row["status"],
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
