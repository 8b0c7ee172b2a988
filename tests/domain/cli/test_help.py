"""Help teaches: what a command is for, an example, its options, its exit codes, in both languages."""

import tomllib
from pathlib import Path

import click
import pytest

from golive.cli.main import cli
from golive.errors import GoliveError
from golive.texts import LOCALES, catalogue
from golive_stack import main as whole

GOLDEN = Path(__file__).parent / "golden"
OURS = (
    "validate",
    "plan",
    "submit",
    "status",
    "ledger",
    "ledger verify",
    "ledger show",
    "evidence export",
    "migrate rows",
)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_help_is_exactly_this(golive, command, locale):
    """The help of a command is the text that was written for it."""
    found = golive("--locale", locale, command, "--help")
    assert found.exit_code == 0
    assert found.output == (GOLDEN / f"{command}_help.{locale}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", OURS)
def test_every_command_teaches(golive, command, locale):
    """Each command shows an example of itself, says every option in the chosen language, and lists its exit codes."""
    words = command.split()
    output = golive("--locale", locale, *words, "--help").output
    assert f"      golive {command}" in output
    assert "Show this message" not in output
    assert ["64", *catalogue(locale)["cli.exit_64"].split()] in [line.split() for line in output.splitlines()]
    assert max(len(line) for line in output.splitlines()) <= 100
    context = click.Context(cli)
    found: click.Command | None = cli
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(context, word)
    assert found is not None
    for option in (item for item in found.params if isinstance(item, click.Option)):
        assert f"cli.option_{option.name}" in catalogue(locale)


def test_every_error_has_its_exit_code_in_the_help(golive):
    """The codes of the error tree, of usage and of an interruption are all documented."""
    output = golive("--help").output
    codes = {0, 64, 130} | {kind.exit_code for kind in (GoliveError, *GoliveError.__subclasses__())}
    assert all(f"\n  {code:<4} " in output for code in codes)


def test_commands_stand_in_the_order_of_use(golive):
    """The stack's commands stand beside the domain's, in the order in which they are used."""
    assert whole.cli is cli
    assert list(cli.lazy)[:4] == ["validate", "plan", "submit", "status"]
    assert {"up", "down", "test"} <= set(cli.list_commands(click.Context(cli)))
    assert catalogue("ko")["cli.up_summary"] in golive("--locale", "ko", "--help").output


def test_both_catalogues_say_the_same(golive):
    """Both languages have the same texts with the same facts in them."""
    folder = Path(__file__).parents[3] / "include/golive/texts"
    tables = [tomllib.loads((folder / locale / "cli.toml").read_text(encoding="utf-8")) for locale in LOCALES]
    assert list(tables[0]) == list(tables[1])
    for key in tables[0]:
        facts = [sorted({word.split("}")[0] for word in table[key].split("{")[1:]}) for table in tables]
        assert facts[0] == facts[1], key


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ledgr"], "there is no command “ledgr”. Did you mean ledger?\nHow it is written: golive --help"),
        (["ledger", "shw"], "Did you mean show?\nHow it is written: golive ledger --help"),
        (["validate", "--jsn", "x"], "there is no option --jsn. Did you mean --json?"),
        (["validate"], "FILE... is missing.\nHow it is written: golive validate --help"),
        (["evidence", "export", "x"], "-o is missing."),
        (["--locale", "fr", "status"], "--locale cannot have this value: 'fr' is not one of 'ko', 'en'."),
        (["status", "a", "b"], "How it is written: golive status --help"),
        (["plan", "x", "--environment", "a", "--environment-file", "b"], "give either --environment or"),
        ([], "Commands:"),
        (["ledger"], "Commands:"),
    ],
)
def test_a_wrong_command_ends_with_64(golive, words, said):
    """What was not written as it must be is told on standard error, with what was meant, and ends with 64."""
    found = golive(*words)
    assert found.exit_code == 64
    assert found.stdout == ""
    assert said in found.stderr
