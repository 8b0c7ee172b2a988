"""``python -m contact_center --config etc/app.conf``."""

import argparse
from functools import partial
from pathlib import Path

from contact_center import config, pages, writing
from contact_center.database import Database
from contact_center.health import health
from contact_center.server import serve


def main() -> None:
    """Read the settings and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="serve", description="Serves the contact centre on PORT.")
    parser.add_argument("--config", type=Path, required=True, help="the rendered etc/app.conf")
    settings = config.load(parser.parse_args().config)
    database = Database(settings.database)
    serve(
        settings.address,
        {
            "/": partial(pages.home, settings, database),
            "/health": partial(health, settings, database),
            "/api/consultations": partial(pages.consultations, database),
        },
        {"/api/consultations": partial(writing.receive, database)},
    )


main()
