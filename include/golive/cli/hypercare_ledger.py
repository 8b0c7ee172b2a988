"""A release's hypercare in the ledger, as the commands use it: opened, decided, and told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from golive.cli.locale import locale_of, say
from golive.cli.output import plain, print_json_line
from golive.cli.settings import writing

if TYPE_CHECKING:
    from golive.hypercare.care import Care
    from golive.hypercare.decisions import Decision
    from golive.hypercare.plan import CarePlan
    from golive.ledger.events import Event

CODES = (0, 2, 3, 5, 64)
LOCAL = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"])
"""A moment as clocks in production show it."""

as_json = click.option("--json", "as_json", is_flag=True)
by = click.option("--person", metavar="NAME")
note = click.option("--note", metavar="TEXT", required=True)
release = click.argument("release", metavar="RELEASE")


@contextmanager
def opened(context: click.Context, release: str) -> "Iterator[Care]":
    """The hypercare of a release, able to record. Raises ``NotInHypercare`` and what ``writing`` does."""
    from golive.stages.stabilization import care_of

    with writing(context) as ledger:
        yield care_of(ledger, release)


def record(context: click.Context, release: str, decision: "Callable[[CarePlan], Decision]", as_json: bool) -> None:
    """Records what a person decided, and says what was new."""
    with opened(context, release) as care:
        show(care, care.say(decision(care.plan)), as_json)


def show(care: "Care", events: "Sequence[Event]", as_json: bool) -> None:
    """One line for each event; a note when there is none."""
    from golive.hypercare.telling import told

    for event in events:
        if as_json:
            print_json_line({"kind": event.kind, "at": event.at, "actor": event.actor, "data": dict(event.data)})
        else:
            click.echo(plain(told(care.plan, event, locale_of()) or event.kind))
    if not events and not as_json:
        click.echo(say("nothing_new"))


def instant(plan: "CarePlan", wall: datetime) -> datetime:
    """What a moment of production's clocks means."""
    from golive.release.moments import first_showing

    return first_showing(plan.zone, wall.date(), wall.time())
