"""``golive give-up``: a target that will not answer any more stops holding up its environment."""

from typing import Any

import click

from golive.cli.command import Taught
from golive.cli.errors import ReasonMissing
from golive.cli.locale import say
from golive.cli.output import plain, print_json
from golive.cli.settings import writing
from golive.cli.submit import acting

_LONGEST_REASON = 2000


@click.command("give-up", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("environment", metavar="ENVIRONMENT")
@click.argument("target", metavar="TARGET")
@click.option("--reason", metavar="TEXT", required=True)
@click.option("--person", metavar="NAME")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def give_up(
    context: click.Context, environment: str, target: str, reason: str, person: str | None, as_json: bool
) -> None:
    from golive.stages import api

    why = reason.strip()
    if not why or len(why) > _LONGEST_REASON:
        raise ReasonMissing(longest=_LONGEST_REASON)
    who = acting(person)
    with writing(context) as ledger:
        done = api.give_up(ledger, environment, target, why, who)
    if as_json:
        print_json(vars(done))
        return
    facts: dict[str, Any] = {name: plain(value) for name, value in vars(done).items()}
    click.echo(say("given_up" if done.new else "given_up_before", **facts))
    if done.holder:
        click.echo("  " + say("given_up_holder", holder=plain(done.holder)))
    click.echo("  " + say("given_up_next", environment=plain(environment)))
