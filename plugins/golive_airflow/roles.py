"""What each role may do in Airflow, as data. A person may have several roles.

Nobody but an operator may mark, clear or fail a task, and nobody at all writes an XCom here; an approver answers only
where a gate names that person (``auth.py``). Airflow's own Admin stays for whoever runs the installation.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

Permission = tuple[str, str]
"""(action, resource) by Flask-AppBuilder's names."""

_READ = (
    "DAGs",
    "DAG Code",
    "DAG Dependencies",
    "DAG Runs",
    "DAG Versions",
    "DAG Warnings",
    "Task Instances",
    "Task Logs",
    "XComs",
    "HITL Detail",
    "ImportError",
    "Plugins",
    "Website",
    "My Password",
    "My Profile",
)
_MENUS = ("Browse", "DAGs", "DAG Runs", "Task Instances", "HITL Detail", "Documentation", "Docs")

VIEWER: tuple[Permission, ...] = (
    *(("can_read", resource) for resource in _READ),
    *(("menu_access", resource) for resource in _MENUS),
    ("can_edit", "My Password"),
    ("can_edit", "My Profile"),
)
REQUESTER: tuple[Permission, ...] = (*VIEWER, ("can_edit", "DAGs"), ("can_create", "DAG Runs"))
APPROVER: tuple[Permission, ...] = (*VIEWER, ("can_edit", "DAGs"), ("can_edit", "HITL Detail"))
OPERATOR: tuple[Permission, ...] = (
    *REQUESTER,
    ("can_edit", "DAG Runs"),
    ("can_edit", "Task Instances"),
    ("can_create", "Task Instances"),
    ("can_read", "Jobs"),
    ("can_read", "Cluster Activity"),
    ("menu_access", "Jobs"),
    ("menu_access", "Cluster Activity"),
)

ROLES: Mapping[str, tuple[Permission, ...]] = {
    "viewer": VIEWER,
    "requester": REQUESTER,
    "approver": APPROVER,
    "operator": OPERATOR,
}
"""By role name, as it stands in Airflow's list of roles."""


class SecurityManager(Protocol):
    """The part of Flask-AppBuilder's security manager that is used here."""

    def bulk_sync_roles(self, roles: Sequence[Mapping[str, object]]) -> None: ...


def ensure_roles(security_manager: SecurityManager) -> None:
    """Create the roles and give each what it lacks. Permissions given by hand beyond the table are left alone."""
    security_manager.bulk_sync_roles([{"role": name, "perms": list(perms)} for name, perms in ROLES.items()])
