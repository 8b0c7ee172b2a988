"""Long-lived processes that are found again: recorded before they run, known by pid and birth.

A pid alone may belong to somebody else tomorrow, so a record also holds the moment of birth. The
record is written while the new process still waits for a word on its standard input: if we die
in between, it reads end-of-file and ends, so nothing runs that is not recorded. Every process also
carries ``GOLIVE_STACK`` in its environment, by which its descendants are found (``sweep``).
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from golive_stack.errors import WillNotStop
from golive_stack.files import write_private
from golive_stack.home import Home

MARK = "GOLIVE_STACK"
SETUP = "GOLIVE_STACK_SETUP"
"""Carried, besides the mark, by what prepares something once; a later ``up`` ends it before it prepares anew."""

# $1: limit in blocks of 512 bytes for any file written, or "-". A write past it then fails with an error instead of
# killing the writer, like a full disk. The word on stdin is the leave to run.
_LAUNCHER = 'read -r go || exit 1; [ "$1" = - ] || { trap "" XFSZ; ulimit -f "$1"; }; shift; exec "$@" </dev/null'


@dataclass(frozen=True)
class ProcessSpec:
    """A process of the stack. ``port`` must be free before it starts; ``account`` is a (uid, gid) to run as."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    port: int | None = None
    account: tuple[int, int] | None = None
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    limit_file_kb: int | None = None


@dataclass(frozen=True)
class Record:
    """A process as it was started. ``birth`` tells it from a later one with the same pid."""

    name: str
    pid: int
    birth: str
    stop_signal: int = field(default=signal.SIGTERM)
    stop_seconds: float = 10.0


def start(home: Home, spec: ProcessSpec) -> Record:
    """Start ``spec`` detached, its output appended to its log. Returns once it is recorded and released."""
    limit = "-" if spec.limit_file_kb is None else str(spec.limit_file_kb * 2)
    uid, gid = spec.account or (None, None)
    home.log(spec.name).parent.mkdir(parents=True, exist_ok=True)
    waits, tells = os.pipe()
    with home.log(spec.name).open("ab") as log, os.fdopen(waits), os.fdopen(tells, "wb") as leave:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCHER, "golive", limit, *spec.argv],
            stdin=waits,
            stdout=log,
            stderr=log,
            cwd=spec.folder,
            env={**spec.environment, MARK: str(home.root)},
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if gid is None else [],
        )
        record = Record(spec.name, process.pid, birth(process.pid) or "", spec.stop_signal, spec.stop_seconds)
        write_private(home.processes / f"{spec.name}.json", json.dumps(vars(record)))
        leave.write(b"go\n")
    return record


def birth(pid: int) -> str | None:
    """When ``pid`` was born, in a form that a changed clock cannot shift; None when it is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists():
            return repr(process.create_time())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{stat.read_text(errors='replace').rpartition(')')[2].split()[19]}"
    except (psutil.Error, OSError, IndexError):
        return None


def recorded(home: Home) -> dict[str, Record]:
    """Every record of ``home`` by name, alive or not."""
    records = (Record(**json.loads(file.read_text())) for file in sorted(home.processes.glob("*.json")))
    return {record.name: record for record in records}


def alive(record: Record) -> bool:
    return birth(record.pid) == record.birth


def running(home: Home, name: str) -> Record | None:
    """The living process ``name``, or None."""
    record = recorded(home).get(name)
    return record if record is not None and alive(record) else None


def stop(home: Home, record: Record) -> None:
    """Ask ``record`` and wait, then kill it and its descendants. Raises ``WillNotStop``."""
    if alive(record):
        process = psutil.Process(record.pid)
        family = _family(process)
        _send(process, record.stop_signal)
        _left([process], record.stop_seconds)
        end(record.name, family, seconds=1.0)
    (home.processes / f"{record.name}.json").unlink(missing_ok=True)


def end(name: str, processes: list[psutil.Process], seconds: float) -> None:
    """TERM, wait ``seconds``, KILL. Raises ``WillNotStop`` for what remains."""
    for process in processes:
        _send(process, signal.SIGTERM)
    stubborn = _left(processes, seconds)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    for process in _left(stubborn, 5.0):
        raise WillNotStop(name=name, pid=process.pid)


def _left(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still live after at most ``seconds``. A zombie is dead: its parent may be slow to bury it."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def sweep(home: Home, also: str = MARK) -> list[psutil.Process]:
    """The living processes that carry this home's mark (ourselves excepted): orphans and what the hosts started.

    ``also``: only those with this variable too.
    """
    found = []
    for process in psutil.process_iter():
        try:
            carried = process.environ()
            if process.pid != os.getpid() and carried.get(MARK) == str(home.root) and also in carried:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or not ours to look at
    return [process for process in found if _lives(process)]


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
