"""What ``golive test`` runs, as a table: the fastest first, each with the environment it needs and a limit."""

from dataclasses import dataclass
from typing import Literal

Place = Literal["dev", "domain", "celery", "airflow"]
"""``airflow`` is ``.venv``, where Golive itself runs; the others are made from locks of their own."""

PYTHON_PATH: dict[Place, tuple[str, ...]] = {
    "dev": (".", "include", "plugins"),
    "domain": ("include",),
    "celery": ("include",),
    "airflow": ("include",),
}


@dataclass(frozen=True)
class Check:
    """One command. ``{python}`` is the Python of ``place``, ``{tools}`` its folder, ``{airflow}`` that of ``.venv``."""

    name: str
    suite: str
    place: Place
    command: tuple[str, ...]
    limit_seconds: int


def _pytest(suite: str, place: Place, limit_seconds: int, *options: str) -> Check:
    return Check(suite, suite, place, ("{python}", "-m", "pytest", *options, f"tests/{suite}"), limit_seconds)


CHECKS: tuple[Check, ...] = (
    Check("rules", "lint", "dev", ("{python}", "-m", "ruff", "check", "."), 60),
    Check("format", "lint", "dev", ("{python}", "-m", "ruff", "format", "--check", "."), 60),
    Check("sizes", "lint", "dev", ("{python}", "-m", "golive_stack.sizes"), 60),
    Check("imports", "lint", "dev", ("{tools}/lint-imports",), 60),
    Check(
        "types",
        "lint",
        "dev",
        ("{python}", "-m", "mypy", "--python-executable", "{airflow}", "include", "plugins"),
        600,
    ),
    _pytest("domain", "domain", 600, "--quiet", "--numprocesses=2", "--dist=worksteal"),
    _pytest("airflow", "airflow", 600, "--quiet"),
    _pytest("celery", "celery", 300, "--quiet"),
    _pytest("migration", "airflow", 1800, "--quiet"),
    _pytest("integration", "airflow", 2400, "--verbose"),
    _pytest("faults", "airflow", 1800, "--verbose"),
    _pytest("browser", "dev", 900, "--verbose"),
    _pytest("bench", "airflow", 3600, "--capture=no", "-o", "python_files=bench_*.py"),
    _pytest("soak", "airflow", 3600, "--capture=no", "-o", "python_files=soak_*.py"),
)
SUITES: tuple[str, ...] = tuple(dict.fromkeys(check.suite for check in CHECKS))
ON_DEMAND: frozenset[str] = frozenset({"bench", "soak"})
"""Suites that run only when they are named: benches measure, and a busy machine would make them lie; soaks are long."""


def chosen(suites: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks of ``suites``, or of every suite that is not on demand, in the table's order."""
    wanted = frozenset(suites) or frozenset(SUITES) - ON_DEMAND
    return tuple(check for check in CHECKS if check.suite in wanted)
