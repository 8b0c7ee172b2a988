"""``up`` and ``down``: the whole stack, taken over or started, and nothing left behind."""

from collections.abc import Collection
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from golive_stack import processes
from golive_stack.errors import NotUp, UnknownProcess
from golive_stack.home import Home, default_home
from golive_stack.info import Info, info
from golive_stack.locking import exclusive
from golive_stack.parts import ALL, STARTS, Site, choose
from golive_stack.telling import Say, Tell, telling

# What must not outlive what it writes to: writers first, the database last.
_STOP_ORDER = ("api-server", "scheduler", "triggerer", "dag-processor", "slack")
_LAST = "postgres"


def up(home: Home | None = None, say: Say = print, parts: Collection[str] = ALL) -> Info:
    """Start what is missing of ``parts`` and wait until all of it answers.

    A part that lives is taken over. Raises ``StackError`` leaves: ``Busy``, ``PortTaken``, ``ProcessDied``,
    ``NotReady``, ``SetupFailed``; what was started stays, for another ``up`` or a ``down``.
    """
    home = home or default_home()
    if unknown := set(parts) - ALL:
        raise UnknownProcess(name=", ".join(sorted(unknown)), known=", ".join(sorted(ALL)))
    with exclusive(home):
        processes.end("an unfinished preparation", processes.sweep(home, also=processes.SETUP), seconds=5.0)
        site = choose(home, telling(say))
        _start(site, frozenset(parts))
        return info(home)


def _start(site: Site, parts: frozenset[str]) -> None:
    """Hosts and channel beside the database, and Airflow after it."""

    def database_then_airflow() -> None:
        for name in ("postgres", "airflow"):
            if name in parts:
                STARTS[name](site)

    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(database_then_airflow)]
        jobs += [pool.submit(STARTS[name], site) for name in ("hosts", "slack") if name in parts]
        try:
            for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
                job.result()
        finally:
            site.given_up.set()


def down(home: Home | None = None, say: Say = print) -> None:
    """Stop every process of the stack, also those whose ``up`` was killed. Raises ``WillNotStop`` or ``Busy``."""
    home = home or default_home()
    tell = telling(say)
    if not home.root.exists():
        tell("nothing_runs")
        return
    with exclusive(home):
        records = processes.recorded(home)
        first = [name for name in _STOP_ORDER if name in records]
        middle = [name for name in records if name not in (*_STOP_ORDER, _LAST)]
        _stop_together(home, [records[name] for name in [*first, *middle]], tell)
        _sweep(home, tell)
        if _LAST in records:
            _stop_together(home, [records[_LAST]], tell)


def _stop_together(home: Home, records: list[processes.Record], tell: Tell) -> None:
    def stop(record: processes.Record) -> None:
        lived = processes.alive(record)
        processes.stop(home, record)
        if lived:
            tell("stopped", name=record.name)

    with ThreadPoolExecutor(max_workers=max(1, len(records))) as pool:
        list(pool.map(stop, records))


def _sweep(home: Home, tell: Tell) -> None:
    server = processes.recorded(home).get(_LAST)
    left = [process for process in processes.sweep(home) if server is None or process.pid != server.pid]
    if left:
        processes.end("what the hosts had started", left, seconds=3.0)
        tell("swept", count=len(left))


def restart(home: Home, name: str, say: Say = print) -> None:
    """Stop one process (if it lives) and bring its part of the stack up again. Raises ``NotUp`` when never started."""
    record = processes.recorded(home).get(name)
    if record is None:
        raise NotUp(what=name, home=home.root)
    processes.stop(home, record)
    up(home, say, parts={_part(name)})


def _part(name: str) -> str:
    if name in ("postgres", "slack"):
        return name
    return "hosts" if name.startswith(("host-", "balancer-")) else "airflow"
