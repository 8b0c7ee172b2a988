"""The gate at the end of hypercare: hand over, extend, or roll back."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from golive.cli.command import Taught
from golive.cli.hypercare_ledger import CODES, as_json, by, note, opened, record, release, show
from golive.cli.submit import acting

if TYPE_CHECKING:
    from golive.hypercare.exit import Side


@click.command("extend", cls=Taught, codes=CODES)
@release
@click.option("--until", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), required=True)
@note
@by
@as_json
@click.pass_context
def extend(context: click.Context, release: str, until: datetime, note: str, person: str | None, as_json: bool) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    record(context, release, lambda plan: decisions.extend(plan, who, until.date(), note), as_json)


@click.command("hand-over", cls=Taught, codes=CODES)
@release
@click.option("--side", type=click.Choice(["giver", "receiver"]), required=True)
@click.option("--document", "documents", metavar="NAME", multiple=True)
@click.option("--account", "accounts", metavar="NAME", multiple=True)
@by
@as_json
@click.pass_context
def hand_over(
    context: click.Context,
    release: str,
    side: "Side",
    documents: tuple[str, ...],
    accounts: tuple[str, ...],
    person: str | None,
    as_json: bool,
) -> None:
    who = acting(person)
    with opened(context, release) as care:
        show(care, care.sign(who, side, documents, accounts), as_json)


@click.command("roll-back", cls=Taught, codes=CODES)
@release
@note
@by
@as_json
@click.pass_context
def roll_back(context: click.Context, release: str, note: str, person: str | None, as_json: bool) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    record(context, release, lambda plan: decisions.choose_rollback(plan, who, note), as_json)
