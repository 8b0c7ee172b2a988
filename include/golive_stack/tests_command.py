"""``golive test``: everything that must hold before a change is landed, the fastest first."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

from golive_stack.home import REPOSITORY
from golive_stack.suites import PYTHON_PATH, SUITES, Check, chosen
from golive_stack.virtualenv import Virtualenv, ensure

GRACE_SECONDS = 30


@dataclass(frozen=True)
class Result:
    """How one check ended: its exit status, None when its time was up, and its wall-clock seconds."""

    check: Check
    status: int | None
    seconds: float

    @property
    def word(self) -> str:
        if self.status is None:
            return f"TIME UP after {self.check.limit_seconds} s"
        # pytest's 5: no test was found. A suite that is not there has not passed.
        return {0: "passed", 5: "FAILED (no tests)"}.get(self.status, f"FAILED ({self.status})")


@click.command("test")
@click.option("--stop-early", is_flag=True, help="Stop at the first check that fails.")
@click.argument("suite", type=click.Choice(SUITES), required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test_command(suite: str | None, arguments: tuple[str, ...], stop_early: bool) -> None:
    """Check the code and run the tests, the fastest first.

    Without SUITE everything runs but the bench: lint, domain (where Airflow is not installed), airflow, integration
    and faults (on the embedded stack), browser. What follows -- goes to pytest:

    \b
        golive test domain
        golive test domain -- -k lease --pdb

    Exits 0 when everything passed, else 1.
    """
    if suite == "lint" and arguments:
        raise click.UsageError("arguments after -- are for pytest; 'lint' has none")
    results: list[Result] = []
    for check in chosen((suite,) if suite else ()):
        results.append(run(check, arguments))
        if stop_early and results[-1].status != 0:
            break
    _summarize(results)
    sys.exit(0 if all(result.status == 0 for result in results) else 1)


def run(check: Check, arguments: tuple[str, ...] = ()) -> Result:
    """Run one check to its end or its limit; what it prints goes where ours goes."""
    python = _python(check)
    places = {"python": python, "tools": str(Path(python).parent), "airflow": sys.executable}
    command = [word.format_map(places) for word in check.command] + list(arguments)
    click.echo(click.style(f"── {check.suite}: {check.name} ──", bold=True))
    started = time.monotonic()
    # A session of its own, so that a test that hangs is ended with everything it started.
    process = subprocess.Popen(command, cwd=REPOSITORY, env=_environment(check), start_new_session=True)
    try:
        status = process.wait(timeout=check.limit_seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return Result(check, None, time.monotonic() - started)
    except KeyboardInterrupt:
        _end(process)
        raise
    return Result(check, status, time.monotonic() - started)


def _python(check: Check) -> str:
    if check.place == "airflow":
        return sys.executable
    return str(ensure(Virtualenv(check.place), click.echo))


def _environment(check: Check) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    path = os.pathsep.join(str(REPOSITORY / folder) for folder in PYTHON_PATH[check.place])
    return {**inherited, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask as Ctrl-C would, so that fixtures clean up; insist when that takes too long."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def _summarize(results: list[Result]) -> None:
    click.echo(click.style("── summary ──", bold=True))
    for result in results:
        colour = "green" if result.status == 0 else "red"
        line = f"{result.check.suite:<12} {result.check.name:<12} {result.seconds:7.1f} s  "
        click.echo(line + click.style(result.word, fg=colour))
    click.echo(f"{'in all':<25} {sum(result.seconds for result in results):7.1f} s")
