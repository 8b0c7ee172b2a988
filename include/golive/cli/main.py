"""``golive``: the commands that need no embedded stack."""

from golive.cli.command import Root
from golive.cli.locale import locale_option

LAZY = {
    "validate": "golive.cli.validate:validate",
    "plan": "golive.cli.plan:plan",
    "submit": "golive.cli.submit:submit",
    "status": "golive.cli.status:status",
    "give-up": "golive.cli.give_up:give_up",
    "migrate": "golive.cli.migrate:migrate",
    "hypercare": "golive.cli.hypercare:hypercare",
    "ledger": "golive.cli.record:ledger",
    "evidence": "golive.cli.evidence:evidence",
}
CODES = (0, 1, 2, 3, 4, 5, 6, 7, 64, 130)

cli = Root("golive", lazy=LAZY, codes=CODES, no_args_is_help=True)
cli.params = [locale_option("GOLIVE_LOCALE")]


def main() -> None:
    cli(prog_name="golive")
