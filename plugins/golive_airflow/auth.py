"""People on the server: who may answer a gate.

A task cannot look up the numbers that Flask-AppBuilder gives its users, so a gate names people by their Golive id,
which is the name they sign in with, and this auth manager compares names.
"""

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager
from airflow.providers.fab.auth_manager.models import User

from golive_airflow.roles import ROLES, ensure_roles

__all__ = ["ROLES", "GoliveAuthManager", "ensure_roles"]


class GoliveAuthManager(FabAuthManager):
    """Flask-AppBuilder's auth manager with named people at the gates. An administrator is no exception.

    Airflow asks only for a gate that names someone; one without names would be open to all, so ``ApprovalSensor``
    refuses to ask nobody.
    """

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: User) -> bool:
        """Whether ``user``, by the name they signed in with, is one of ``assigned_users``."""
        name = getattr(user, "username", None)
        return bool(name) and name in assigned_users
