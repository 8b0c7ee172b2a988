"""What Airflow's database must hold, done in one process: ``python -m golive_stack.airflow_setup < request.json``.

The request, on standard input since it holds passwords: ``{"accounts": [{name, role, title, email, password}],
"connections": [{name, kind, host, port, login, password, schema, extra}]}``.
"""

import json
import os
import sys
from typing import Any

MIGRATED = b"migrated\n"
"""The one line on standard output, as soon as the tables are there. Everything else goes to standard error."""


def main() -> None:
    told = os.dup(1)
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    _migrate()
    os.write(told, MIGRATED)
    _people(request["accounts"])
    _connections(request["connections"])


def _migrate() -> None:
    from airflow.utils.db import upgradedb

    upgradedb()


def _people(accounts: list[dict[str, str]]) -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    from golive_airflow.roles import ensure_roles

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        ensure_roles(manager)
        for account in accounts:
            _person(manager, account)


def _person(manager: Any, account: dict[str, str]) -> None:
    role = manager.find_role(account["role"])
    user = manager.find_user(username=account["name"])
    if user is None:
        names = (account["name"], account["title"], "")
        user = manager.add_user(*names, account["email"], role, account["password"])
        if not user:
            raise SystemExit(f"the account {account['name']} could not be made")
        return
    user.roles = [role]
    manager.update_user(user)
    manager.reset_password(user.id, account["password"])


def _connections(rows: list[dict[str, Any]]) -> None:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(Connection).where(Connection.conn_id.in_([row["name"] for row in rows])))
        session.add_all(
            Connection(
                conn_id=row["name"],
                conn_type=row["kind"],
                host=row["host"],
                port=row["port"],
                login=row["login"] or None,
                password=row["password"] or None,
                schema=row["schema"] or None,
                extra=json.dumps(row["extra"]) if row["extra"] else None,
            )
            for row in rows
        )


if __name__ == "__main__":
    main()
