"""``golive demo``."""

import click

from golive.texts import LOCALES, text
from golive_stack import lifecycle
from golive_stack.commands import describe
from golive_stack.demo.breaks import BREAKS
from golive_stack.demo.scenario import Told, play, prepare
from golive_stack.errors import DemoEndedOtherwise
from golive_stack.progress import progress


@click.command()
@click.option("--fail", type=click.Choice(sorted(BREAKS)), help="Break this stage for real and watch it come back.")
@click.option("--manual", is_flag=True, help="Leave the gates to whoever watches; sign in as the people printed.")
@click.option("--prepare", "only_prepare", is_flag=True, help="Bring up version 1, submit version 2, stop there.")
@click.option("--locale", type=click.Choice(LOCALES), default="ko", show_default=True, help="Language of what is said.")
def demo(fail: str | None, manual: bool, only_prepare: bool, locale: str) -> None:
    """Take the contact centre's version 2 live in test and production, on real hosts, by Airflow.

    \b
    Starts the stack, brings version 1 onto empty hosts, submits version 2 and triggers the DAG "release".
    The demo signs the gates as the example's people and says so; with --manual you sign.
    --fail install   a production host's disk is full: the old version serves everywhere, the run is red
    --fail cutover   the new version was changed on a host and does not start: the same
    --fail rollback  the old version does not start again either: quarantined, with an incident
    With --fail, what an earlier demo brought live in test stays there: it is production that fails.
    Exit 0 when it ended as it should, 6 when not. Stop everything with: golive down
    """
    with progress("demo") as say:
        info = lifecycle.up(say=say)
        say(describe(info))
        if only_prepare:
            prepare(info, say)
            return
        told = play(info, say, locale, fail, manual)
    click.echo(summary(told, locale))
    click.echo(describe(info))
    if told.went_live is (fail is not None) or not told.kept_all:
        raise DemoEndedOtherwise(runs=", ".join(f"{name} {state}" for name, state in told.runs.items()))


def summary(told: Told, locale: str) -> str:
    """What came of it, a line for each environment."""
    lines = [
        text("stack.demo_told", locale, environment=name, state=told.runs.get(name, "-"), serving=release)
        for name, release in told.serving.items()
    ]
    lines += [
        text(
            "stack.demo_written",
            locale,
            environment=name,
            received=one.received,
            wrong=len(one.wrong),
            longest=f"{one.longest:.1f}",
        )
        for name, one in told.written.items()
    ]
    return "\n".join([*lines, text("stack.demo_seconds", locale, seconds=round(told.seconds))])
