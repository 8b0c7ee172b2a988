"""A consultation is received (상담 접수). The caller's own number makes a repeated request one consultation."""

import json

from contact_center import pages
from contact_center.database import Database
from contact_center.response import Response

KEYS = ("request", "customer", "channel", "topic", "memo")


def receive(database: Database, body: bytes) -> Response:
    """201 with the consultation's number; 400 for a body that is none; the same number for the same request."""
    try:
        content = json.loads(body)
        values = {key: content[key] for key in KEYS}
    except (ValueError, KeyError, TypeError):
        return Response.json({"status": "error", "error": f"필요한 항목: {', '.join(KEYS)}"}, status=400)
    (row,) = database.write(pages.RECEIVE, values)
    return Response.json({"status": "ok", "consultation": row["id"]}, status=201)
