"""Every command: the domain's from ``golive.cli`` and those that need the embedded stack."""

from golive.cli.main import cli
from golive_stack.commands import down, up
from golive_stack.tests_command import test_command

for command in (up, down, test_command):
    cli.add_command(command)


def main() -> None:
    cli(prog_name="golive")


if __name__ == "__main__":
    main()
