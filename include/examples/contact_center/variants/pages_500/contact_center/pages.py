"""A version with a real defect that health does not see: its pages ask for a table that no database of ours has."""

from contact_center.config import Config
from contact_center.database import Database
from contact_center.response import Response

HISTORY = "SELECT id, topic FROM consultation_history ORDER BY id DESC LIMIT 50"


def consultations(database: Database) -> Response:
    """Meant to list the unified history; fails when the first user asks."""
    return Response.json({"title": "상담 통합 조회", "consultations": database.rows(HISTORY)})


def home(config: Config, database: Database) -> Response:
    """Meant to be the agents' start page; fails in the same way."""
    return Response.json({"version": config.version, "consultations": database.rows(HISTORY)})
