"""Every command: the domain's from ``golive.cli`` and those that need the embedded stack."""

from golive.cli.main import cli
from golive.cli.settings import Settings

cli.lazy.update(
    demo="golive_stack.demo.command:demo",
    up="golive_stack.commands:up",
    down="golive_stack.commands:down",
    test="golive_stack.tests_command:test_command",
)


def stack_settings() -> Settings:
    """The ledger of the embedded stack while it runs; nothing while it does not. Raises ``StateUnreadable``."""
    from golive_stack.errors import NotUp
    from golive_stack.home import default_home
    from golive_stack.info import info

    try:
        found = info(default_home())
    except NotUp:
        return Settings()
    if "postgres" not in found.processes:
        return Settings()
    return Settings(found.ledger, found.signing_key, found.heads, found.signing_key.with_suffix(".pub"))


def main() -> None:
    cli(prog_name="golive", obj=stack_settings)


if __name__ == "__main__":
    main()
