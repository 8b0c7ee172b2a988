"""Airflow's REST API as one of the example's people: everything here could be a click in the page."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from golive_stack.errors import AirflowRefused
from golive_stack.info import Info

TIMEOUT = 60.0
ENDED = ("success", "failed")


@dataclass(frozen=True)
class Asked:
    """An open question: where it stands, what it says and who may answer (by person's id)."""

    dag: str
    run: str
    task: str
    map_index: int
    subject: str
    body: str
    options: tuple[str, ...]
    people: tuple[str, ...]


class AirflowApi:
    """The page's API with one person's rights. Raises ``AirflowRefused`` for any answer that is not a success."""

    def __init__(self, info: Info, person: str) -> None:
        self.person = person
        password = info.person(person).password.reveal()
        self._client = httpx.Client(base_url=info.page, timeout=TIMEOUT, trust_env=False)
        token = self._ask("POST", "/auth/token", json={"username": person, "password": password})["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def trigger(self, dag: str, run: str, **conf: str) -> str:
        """Starts a run as this person; its id."""
        body = {"dag_run_id": run, "conf": conf, "logical_date": None}
        return str(self._ask("POST", f"/api/v2/dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """``queued``, ``running``, ``success`` or ``failed``."""
        return str(self._ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def runs(self, dag: str) -> frozenset[str]:
        """The ids of the newest runs of a DAG."""
        where = {"limit": 100, "order_by": "-run_after"}
        found = self._ask("GET", f"/api/v2/dags/{dag}/dagRuns", params=where)
        return frozenset(str(item["dag_run_id"]) for item in found["dag_runs"])

    def tasks(self, dag: str, run: str) -> dict[str, str]:
        """The state of each task of a run."""
        return {item["task_id"]: str(item["state"]) for item in self._instances(dag, run)}

    def task_ids(self, dag: str, run: str) -> dict[str, str]:
        """The id of each task instance of a run, by which its process can be found."""
        return {item["task_id"]: str(item["id"]) for item in self._instances(dag, run)}

    def _instances(self, dag: str, run: str) -> list[dict[str, Any]]:
        found = self._ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances", params={"limit": 100})
        return list(found["task_instances"])

    def questions(self) -> tuple[Asked, ...]:
        """Every question that waits for an answer."""
        where = "/api/v2/dags/~/dagRuns/~/hitlDetails"
        found = self._ask("GET", where, params={"response_received": False, "state": "awaiting_input", "limit": 100})
        return tuple(_asked(item) for item in found["hitl_details"])

    def answer(self, asked: Asked, option: str, reason: str = "") -> None:
        """Answers a question as this person."""
        where = f"/api/v2/dags/{asked.dag}/dagRuns/{asked.run}/taskInstances/{asked.task}/{asked.map_index}/hitlDetails"
        self._ask("PATCH", where, json={"chosen_options": [option], "params_input": {"reason": reason}})

    def set_state(self, dag: str, run: str, task: str | None, state: str) -> None:
        """Marks a run, or one task of it, as a person can in the page."""
        if task is None:
            self._ask("PATCH", f"/api/v2/dags/{dag}/dagRuns/{run}", json={"state": state})
        else:
            self._ask("PATCH", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}", json={"new_state": state})

    def clear(self, dag: str, run: str, task: str) -> None:
        """Lets one task of a run begin again, as a person can in the page."""
        what = {"dag_run_id": run, "task_ids": [task], "dry_run": False, "only_failed": False}
        self._ask("POST", f"/api/v2/dags/{dag}/clearTaskInstances", json=what)

    def _ask(self, method: str, path: str, **words: Any) -> Any:
        answer = self._client.request(method, path, **words)
        if answer.is_error:
            raise AirflowRefused(
                person=self.person, what=f"{method} {path}", status=answer.status_code, why=answer.text[:500]
            )
        return answer.json() if answer.content else {}


def _asked(item: dict[str, Any]) -> Asked:
    task = item["task_instance"]
    return Asked(
        dag=task["dag_id"],
        run=task["dag_run_id"],
        task=task["task_id"],
        map_index=task["map_index"],
        subject=item["subject"],
        body=item.get("body") or "",
        options=tuple(item["options"]),
        people=tuple(user["name"] for user in item.get("assigned_users") or ()),
    )
