"""Finding and hurting the process in which a task runs, and the events that say when to do it."""

import os
import signal
import time
from collections.abc import Callable

import psutil

from golive.ledger.events import Event
from tests.live import Live


def task_process(live: Live, dag: str, run: str, task: str, seconds: float = 120) -> psutil.Process:
    """Waits for the process that runs a task: the fork whose title is the task instance's id."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        identity = live.api("admin").task_ids(dag, run).get(task, "-")
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or ()).strip()
            if words == f"airflow worker -- {identity}":
                return process
        time.sleep(0.02)
    raise AssertionError(f"{task} never ran")


def event_of(live: Live, release: str, kind: str, step: str, seconds: float = 240) -> Event:
    """Waits for the first event of a kind about a step, answering every gate meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for event in live.events(release):
            if event.kind == kind and event.data.get("step") == step:
                return event
        live.answer_all(release)
        time.sleep(0.02)
    raise AssertionError(f"no {kind} of {step}")


def until(what: str, done: Callable[[], object], seconds: float = 120) -> None:
    """Polls quickly until ``done`` gives something true."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(0.02)


def stop(process: psutil.Process) -> None:
    """Freezes a process where it is."""
    os.kill(process.pid, signal.SIGSTOP)


def go_on(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGCONT)


def kill(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


def on_host(live: Live, environment: str = "test") -> str:
    """The folder of the first host's operations."""
    return str(live.info.home.host(environment, "app1") / "home" / ".golive" / "operations")


def dumps(live: Live, environment: str = "test") -> int:
    """How many dumps lie on the first host: what tells that a backup was taken once."""
    return len(list((live.info.home.host(environment, "app1") / "home" / "backups" / "main").glob("*.dump")))
