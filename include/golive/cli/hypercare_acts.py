"""What people say during hypercare: of incidents, of measures and conditions, of changes and planned downtime."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from golive.cli.command import Taught
from golive.cli.hypercare_ledger import CODES, LOCAL, as_json, by, instant, note, opened, record, release, show
from golive.cli.submit import acting

if TYPE_CHECKING:
    from golive.hypercare.decisions import Decision
    from golive.hypercare.plan import CarePlan
    from golive.hypercare.values import Priority

STEPS = ("acknowledged", "analysed", "worked_around", "updated", "resolved")

named = click.argument("incident", metavar="INCIDENT")


@click.command("incident", cls=Taught, codes=CODES)
@release
@click.option("--cause", metavar="NAME", required=True)
@click.option("--priority", type=click.Choice(["P1", "P2", "P3", "P4"]), required=True)
@click.option("--title", metavar="TEXT", required=True)
@note
@by
@as_json
@click.pass_context
def incident(
    context: click.Context,
    release: str,
    cause: str,
    priority: "Priority",
    title: str,
    note: str,
    person: str | None,
    as_json: bool,
) -> None:
    from golive.hypercare.decisions import report_incident

    who = acting(person)
    record(context, release, lambda plan: report_incident(plan, who, cause, priority, title, note), as_json)


@click.command("step", cls=Taught, codes=CODES)
@release
@named
@click.argument("step", metavar="STEP", type=click.Choice(STEPS))
@note
@by
@as_json
@click.pass_context
def step(
    context: click.Context, release: str, incident: str, step: str, note: str, person: str | None, as_json: bool
) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    if step == "resolved":
        record(context, release, lambda plan: decisions.resolve(plan, who, incident, note), as_json)
    else:
        record(context, release, lambda plan: decisions.step(plan, who, incident, step, note), as_json)


@click.command("explain", cls=Taught, codes=CODES)
@release
@named
@click.option("--root-cause", metavar="TEXT", required=True)
@click.option("--prevention", metavar="TEXT", required=True)
@click.option("--problem", metavar="NAME", required=True)
@by
@as_json
@click.pass_context
def explain(
    context: click.Context,
    release: str,
    incident: str,
    root_cause: str,
    prevention: str,
    problem: str,
    person: str | None,
    as_json: bool,
) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    said = (incident, root_cause, prevention, problem)
    record(context, release, lambda plan: decisions.explain(plan, who, *said), as_json)


@click.command("attest", cls=Taught, codes=CODES)
@release
@click.argument("name", metavar="NAME")
@click.argument("value", metavar="VALUE")
@click.option("--measured", metavar="MOMENT", type=LOCAL)
@note
@by
@as_json
@click.pass_context
def attest(
    context: click.Context,
    release: str,
    name: str,
    value: str,
    measured: datetime | None,
    note: str,
    person: str | None,
    as_json: bool,
) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    with opened(context, release) as care:
        when = instant(care.plan, measured) if measured else care.journal.now()
        show(care, care.say(decisions.attest(care.plan, who, name, value, when, note, "")), as_json)


@click.command("change", cls=Taught, codes=CODES)
@release
@click.option("--planned", is_flag=True)
@note
@by
@as_json
@click.pass_context
def change(context: click.Context, release: str, planned: bool, note: str, person: str | None, as_json: bool) -> None:
    from golive.hypercare import decisions

    who = acting(person)
    record(context, release, lambda plan: decisions.change(plan, who, note, planned), as_json)


@click.command("downtime", cls=Taught, codes=CODES)
@release
@click.option("--starts", metavar="MOMENT", type=LOCAL, required=True)
@click.option("--ends", metavar="MOMENT", type=LOCAL, required=True)
@note
@by
@as_json
@click.pass_context
def downtime(
    context: click.Context,
    release: str,
    starts: datetime,
    ends: datetime,
    note: str,
    person: str | None,
    as_json: bool,
) -> None:
    from golive.hypercare import decisions

    who = acting(person)

    def decide(plan: "CarePlan") -> "Decision":
        return decisions.plan_downtime(plan, who, instant(plan, starts), instant(plan, ends), note)

    record(context, release, decide, as_json)
