"""A version with a real defect: it asks for a column that no database of ours has, so health answers 500."""

from contact_center.config import Config
from contact_center.database import Database
from contact_center.response import Response


def health(config: Config, database: Database) -> Response:
    """Meant to count the agents who are signed in; fails before it can say so."""
    rows = database.rows("SELECT count(*) AS signed_in FROM agent WHERE signed_in_at IS NOT NULL")
    return Response.json({"status": "ok", "version": config.version, "signed_in": rows[0]["signed_in"]})
