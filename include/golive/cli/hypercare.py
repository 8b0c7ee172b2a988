"""``golive hypercare``: the time after go-live, simulated and planned."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from golive.cli.command import Taught, TaughtGroup
from golive.cli.errors import OutputExists, OutputUnwritable
from golive.cli.locale import locale_of, say
from golive.cli.output import plain, print_json_line

if TYPE_CHECKING:
    from golive.hypercare.exit import ExitStanding
    from golive.hypercare.plan import CarePlan
    from golive.hypercare.scenario import Scenario
    from golive.hypercare.simulate import Simulated

ACTS = {
    "status": "golive.cli.hypercare_status:status",
    "incident": "golive.cli.hypercare_acts:incident",
    "step": "golive.cli.hypercare_acts:step",
    "explain": "golive.cli.hypercare_acts:explain",
    "attest": "golive.cli.hypercare_acts:attest",
    "change": "golive.cli.hypercare_acts:change",
    "downtime": "golive.cli.hypercare_acts:downtime",
    "extend": "golive.cli.hypercare_exit:extend",
    "hand-over": "golive.cli.hypercare_exit:hand_over",
    "roll-back": "golive.cli.hypercare_exit:roll_back",
}
"""What is said of a release in the ledger; each is loaded when it is used."""

hypercare = TaughtGroup("hypercare", lazy=ACTS, no_args_is_help=True, codes=(0, 2, 3, 5, 64))
_DEFAULT_SEED = 7


@hypercare.command("simulate", cls=Taught, codes=(0, 2, 3, 64))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--scenario", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--seed", metavar="NUMBER", type=click.IntRange(0, 2**31), default=_DEFAULT_SEED)
@click.option("--timezone", metavar="NAME", default="Asia/Seoul")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def simulate_command(
    context: click.Context, file: Path, scenario: Path | None, seed: int, timezone: str, as_json: bool
) -> None:
    from golive.hypercare.simulate import simulate

    plan = _plan(file, timezone)
    played = _scenario(scenario, seed, plan.weeks)
    done = simulate(plan, played)
    if as_json:
        _print_data(plan, done)
        return
    click.echo(say("simulation_head", release=plan.release, weeks=plan.weeks, zone=timezone, go_live=played.go_live))
    _print_story(plan, done, locale_of(context))


@hypercare.command("calendar", cls=Taught, codes=(0, 2, 64))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--go-live", metavar="MOMENT", required=True, type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]))
@click.option("--timezone", metavar="NAME", default="Asia/Seoul")
@click.option("--output", "-o", metavar="FILE", required=True, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True)
@click.pass_context
def calendar_command(
    context: click.Context, file: Path, go_live: datetime, timezone: str, output: Path, force: bool
) -> None:
    from golive.hypercare.invitations import invitations
    from golive.release.moments import first_showing

    plan = _plan(file, timezone)
    start = first_showing(plan.zone, go_live.date(), go_live.time())
    content, count = invitations(plan, start, locale_of(context), datetime.now(UTC))
    if output.exists() and not force:
        raise OutputExists(file=output)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise OutputUnwritable(file=output, cause=error.strerror or str(error)) from error
    click.echo(say("calendar_written", file=output, count=count))


def _plan(file: Path, timezone: str) -> "CarePlan":
    from golive.hypercare.plan import care_plan
    from golive.release.manifest import load_manifest

    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(timezone, param_hint="--timezone") from error
    return care_plan(load_manifest(file), zone)


def _scenario(file: Path | None, seed: int, weeks: int) -> "Scenario":
    from golive.hypercare.errors import ScenarioInvalid
    from golive.hypercare.scenario import parse_scenario, seeded

    if file is None:
        # A Sunday night, as most go-lives are.
        return seeded(seed, "2026-03-08T23:30:00", weeks)
    try:
        return parse_scenario(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(source=file, why=str(error)) from error


def _print_story(plan: "CarePlan", done: "Simulated", locale: str) -> None:
    from golive.hypercare.telling import moment, told

    for event in done.events:
        if not event.kind.endswith(".attested") and (line := told(plan, event, locale)):
            click.echo(f"{moment(plan, event.at.isoformat())}  {plain(line)}")
    for stands in done.exits:
        click.echo("")
        print_exit(plan, stands, locale)
    click.echo(say(f"simulation_{done.outcome}", looks=done.looks))


def print_exit(plan: "CarePlan", stands: "ExitStanding", locale: str) -> None:
    """How the end stands, and a line for each thing that is missing."""
    from golive.hypercare.telling import moment

    click.echo(say("exit_head", at=moment(plan, stands.at.isoformat()), days=stands.silent_days))
    for part in stands.missing:
        click.echo(f"  - {plain(part.words(locale))}")
    if not stands.missing:
        click.echo("  " + say("exit_ready"))


def _print_data(plan: "CarePlan", done: "Simulated") -> None:
    """A line for each event but the looks, then one with how it ended."""
    for event in done.events:
        if event.kind != "kpi.sampled":
            print_json_line({"kind": event.kind, "at": event.at, "actor": event.actor, "data": dict(event.data)})
    exits = [exit_data(stands) for stands in done.exits]
    summary = {"release": plan.release, "outcome": done.outcome, "looks": done.looks, "exits": exits}
    print_json_line({"kind": "simulation", **summary})


def exit_data(stands: "ExitStanding") -> dict[str, Any]:
    """How the end stands, as JSON."""
    from golive.hypercare.exit import as_row

    return {
        "at": stands.at,
        "last_day": stands.last_day,
        "silent_days": stands.silent_days,
        "measures": {name: as_row(item) for name, item in stands.measures.items()},
        "conditions": {name: as_row(item) for name, item in stands.conditions.items()},
        "missing": [part.words("en") for part in stands.missing],
    }
