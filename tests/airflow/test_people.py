"""Who may answer a gate, and what the roles may do."""

from types import SimpleNamespace
from typing import Any

import pytest

from golive_airflow.auth import GoliveAuthManager
from golive_airflow.roles import ROLES, ensure_roles


def may_answer(assigned: set[str], user: Any) -> bool:
    manager = object.__new__(GoliveAuthManager)
    return manager.is_authorized_hitl_task(assigned_users=assigned, user=user)


def having(action: str, resource: str) -> list[str]:
    return [name for name, granted in ROLES.items() if (action, resource) in granted]


@pytest.mark.parametrize(
    ("assigned", "username", "allowed"),
    [
        ({"jung.owner", "han.lead"}, "jung.owner", True),
        ({"jung.owner"}, "kim.release", False),
        ({"jung.owner"}, "admin", False),
        ({"7"}, "jung.owner", False),
        (set(), "jung.owner", False),
        ({""}, "", False),
        ({"None"}, None, False),
    ],
)
def test_only_the_people_named_may_answer(assigned: set[str], username: str | None, allowed: bool) -> None:
    """By the name they sign in with, never by a number; an administrator is no exception."""
    assert may_answer(assigned, SimpleNamespace(id=7, username=username)) is allowed


def test_an_anonymous_user_may_not_answer() -> None:
    """Nobody signed in is nobody."""
    assert not may_answer({"jung.owner"}, SimpleNamespace(id=None))


def test_permissions_that_would_walk_around_a_gate_are_the_operators_alone() -> None:
    """Marking, clearing and failing tasks and runs; no role writes an XCom."""
    assert having("can_edit", "Task Instances") == having("can_edit", "DAG Runs") == ["operator"]
    everything = {permission for granted in ROLES.values() for permission in granted}
    assert {action for action, resource in everything if resource == "XComs"} == {"can_read"}


def test_only_an_approver_may_answer_and_only_requesters_may_start() -> None:
    """Whoever does both needs both roles."""
    assert [name for name, granted in ROLES.items() if ("can_edit", "HITL Detail") in granted] == ["approver"]
    assert [name for name, granted in ROLES.items() if ("can_create", "DAG Runs") in granted] == [
        "requester",
        "operator",
    ]


def test_everyone_sees_what_is_asked() -> None:
    """The menu of required actions and its entries are there for all roles."""
    for granted in ROLES.values():
        assert {("can_read", "HITL Detail"), ("menu_access", "HITL Detail"), ("can_read", "Plugins")} <= set(granted)


def test_roles_are_handed_over_in_the_form_that_airflow_takes() -> None:
    """One call with every role and its permissions."""

    class Recorder:
        def bulk_sync_roles(self, roles: Any) -> None:
            self.roles = {role["role"]: tuple(role["perms"]) for role in roles}

    recorder = Recorder()
    ensure_roles(recorder)
    assert recorder.roles == ROLES
