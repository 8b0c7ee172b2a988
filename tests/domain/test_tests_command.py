"""``golive test``: what it runs, in which environment, and how it ends what hangs."""

import os
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from golive_stack import sizes, tests_command
from golive_stack.suites import CHECKS, SUITES, Check, chosen
from golive_stack.tests_command import Result
from golive_stack.virtualenv import Virtualenv, install_commands


def test_everything_but_bench_and_soak_runs_unasked():
    """Without a name all suites run in the table's order, bench and soak only when they are named."""
    assert [suite for suite in SUITES if chosen((suite,))] == list(SUITES)
    assert tuple(dict.fromkeys(check.suite for check in chosen(()))) == tuple(
        s for s in SUITES if s not in ("bench", "soak")
    )
    assert {check.suite for check in chosen(("bench",))} == {"bench"}


def test_the_domain_is_tested_where_airflow_is_not():
    """The domain's tests run in the environment whose lock does not hold Airflow."""
    (domain,) = chosen(("domain",))
    lock = Virtualenv(domain.place).lock.read_text(encoding="utf-8")
    assert "\npytest==" in lock
    assert "apache-airflow" not in lock


def test_environment_is_made_with_uv_or_with_pip(tmp_path):
    """Either way the lock is installed with its hashes, by this Python's version."""
    environment = Virtualenv("dev", tmp_path)
    folder, python, lock = (
        tmp_path / ".venvs/dev",
        tmp_path / ".venvs/dev/bin/python",
        tmp_path / "requirements-dev.txt",
    )
    install = ("--require-hashes", "-r", str(lock))
    assert install_commands(environment, "/bin/uv") == (
        ("/bin/uv", "venv", "--quiet", "--python", sys.executable, str(folder)),
        ("/bin/uv", "pip", "install", "--quiet", "--python", str(python), *install),
    )
    assert install_commands(environment, None) == (
        (sys.executable, "-m", "venv", str(folder)),
        (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install),
    )


def test_a_hanging_check_is_ended_with_what_it_started(tmp_path, capfd):
    """When its time is up the check ends, and so does a child that it left."""
    note = tmp_path / "child"
    code = f"import subprocess, pathlib; p = subprocess.Popen(['sleep', '60']); \
pathlib.Path({str(note)!r}).write_text(str(p.pid)); p.wait()"
    result = tests_command.run(Check("hang", "none", "airflow", ("{airflow}", "-c", code), 2))
    assert result.status is None
    assert result.word == "TIME UP after 2 s"
    assert result.seconds < 20
    assert ended(int(note.read_text(encoding="ascii")))


def ended(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("status", "code", "word"), [(0, 0, "passed"), (1, 1, "FAILED (1)"), (5, 1, "no tests")])
def test_exit_status_and_summary_say_how_it_went(status, code, word, monkeypatch):
    """A failed suite and an empty one make the command fail, and the summary says why."""
    monkeypatch.setattr(tests_command, "run", lambda check, _arguments: Result(check, status, 1.5))
    outcome = CliRunner().invoke(tests_command.test_command, ["domain", "--", "-k", "lease"])
    assert outcome.exit_code == code
    assert word in outcome.output


def test_lint_has_no_words_for_pytest():
    """Words after -- are for pytest: the lint refuses them instead of dropping them."""
    assert CliRunner().invoke(tests_command.test_command, ["lint", "--", "-x"]).exit_code == 2


def test_sizes_count_functions_from_def_to_end():
    """A function's size is its own lines, decorators left out; nested ones count too."""
    source = "@property\ndef one():\n    def two():\n        pass\n    return two\n"
    assert sorted(sizes.functions_of("a.py", source)) == [(2, "a.py:3 two"), (4, "a.py:2 one")]


def test_names_are_unique():
    """The summary's lines can be told apart."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
