"""The first start of a shared installation: ``python -m golive_stack.shared_setup``, the ``init`` service's command.

Makes what is missing and leaves the rest: databases and roles, the ledger, the signing key, Airflow's tables, its
roles and its administrator. The process environment says where and with which passwords; docker-compose.yaml sets it.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from golive.secret import Secret
from golive_stack.connections import ConnectionRow
from golive_stack.databases import LEDGER, LEDGER_WRITER, Database, create, create_ledger
from golive_stack.people import ADMIN
from golive_stack.postgres import SUPERUSER, Server

SETUP_SECONDS = 600


@dataclass(frozen=True)
class SharedServer(Server):
    """PostgreSQL on another machine."""

    host: str = "postgres"

    def url(self, database: str, user: str = SUPERUSER, password: Secret | None = None, driver: str = "") -> Secret:
        """A connection URL; ``driver`` as in ``+psycopg``."""
        word = (password or self.password).reveal()
        return Secret(f"postgresql{driver}://{user}:{word}@{self.host}:{self.port}/{database}")


def main() -> int:
    """Set everything up; the exit status is that of Airflow's part."""
    server = SharedServer(5432, _secret("POSTGRES_PASSWORD"), os.environ["POSTGRES_HOST"])
    ledger_password = _secret("LEDGER_PASSWORD")
    create(server, (Database("airflow", _secret("AIRFLOW_DATABASE_PASSWORD")),))
    create_ledger(server, ledger_password, Path(os.environ["GOLIVE_SIGNING_KEY"]))
    request = airflow_request(server, ledger_password, _secret("ADMIN_PASSWORD"))
    command = [sys.executable, "-m", "golive_stack.airflow_setup"]
    return subprocess.run(command, input=json.dumps(request).encode(), timeout=SETUP_SECONDS, check=False).returncode


def airflow_request(server: SharedServer, ledger: Secret, admin: Secret) -> dict[str, object]:
    """What ``golive_stack.airflow_setup`` is to write. Holds secrets in the clear."""
    account = {"name": ADMIN, "role": "Admin", "title": "관리자", "email": "admin@example.com"}
    row = ConnectionRow(
        "golive_ledger", "postgres", server.host, server.port, LEDGER_WRITER, ledger.reveal(), schema=LEDGER
    )
    return {"accounts": [{**account, "password": admin.reveal()}], "connections": [asdict(row)]}


def _secret(name: str) -> Secret:
    return Secret(os.environ[name])


if __name__ == "__main__":
    sys.exit(main())
