"""``golive up`` and ``golive down``."""

from typing import Any

import click

from golive.cli.command import Taught
from golive.cli.locale import locale_of
from golive.cli.output import print_json
from golive.texts import text
from golive_stack import lifecycle
from golive_stack.info import Info
from golive_stack.progress import progress


class StackCommand(Taught):
    """A command whose help is ``stack.<name>_help``."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = text(f"stack.{self.name}_help", locale_of(ctx)).splitlines()
        formatter.write("\n" + "\n".join(f"  {line}".rstrip() for line in lines) + "\n")


@click.command("up", cls=StackCommand, codes=(0, 6, 64, 130))
@click.option("--json", "as_json", is_flag=True)
def up(as_json: bool) -> None:
    with progress(text("stack.starting", locale_of())) as say:
        info = lifecycle.up(say=say)
    if as_json:
        print_json(as_data(info))
    else:
        click.echo(describe(info))


@click.command("down", cls=StackCommand, codes=(0, 6, 64, 130))
def down() -> None:
    with progress(text("stack.stopping", locale_of())) as say:
        lifecycle.down(say=say)


def describe(info: Info) -> str:
    """Where to click and who may sign in, as text. Shows the passwords of the example's people."""
    width = max(len(person.name) for person in info.people)
    people = [f"  {p.name:<{width}}  {p.password.reveal()}  {p.role:<9}  {p.title}" for p in info.people]
    balancers = [f"  {name}: {url}" for name, url in info.balancers.items()]
    where = text("stack.where", locale_of(), page=info.page, channel=info.channel_page)
    return "\n".join([where, *balancers, text("stack.people", locale_of()), *people])


def as_data(info: Info) -> dict[str, Any]:
    """The same as ``describe``, as JSON: ``{page, channel, balancers, people: [{name, title, role, password}], …}``."""
    return {
        "page": info.page,
        "channel": info.channel_page,
        "balancers": info.balancers,
        "people": [{**vars(person), "password": person.password.reveal()} for person in info.people],
        "environments": {name: str(file) for name, file in info.environments.items()},
        "processes": info.processes,
        "home": str(info.home.root),
    }
