"""Is this instance fit to serve? The balancer and Golive ask."""

from contact_center.config import Config
from contact_center.database import Database, Unreachable
from contact_center.response import Response


def health(config: Config, database: Database) -> Response:
    """200 when the database answers, 503 when it does not."""
    try:
        database.rows("SELECT 1 AS alive")
    except Unreachable as error:
        return _said(config, 503, "unavailable", f"unreachable: {error}".splitlines()[0])
    return _said(config, 200, "ok", "ok")


def _said(config: Config, status: int, word: str, database: str) -> Response:
    content = {"status": word, "version": config.version, "environment": config.environment, "database": database}
    return Response.json(content, status=status)
