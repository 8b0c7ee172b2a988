"""``golive hypercare status``: measures against targets, incidents with their clocks, what is missing for the end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from golive.cli.command import Taught
from golive.cli.hypercare import exit_data, print_exit
from golive.cli.hypercare_ledger import CODES, as_json, release
from golive.cli.locale import locale_of, say
from golive.cli.output import plain, print_json, print_table
from golive.cli.settings import reading
from golive.texts import text

if TYPE_CHECKING:
    from golive.hypercare.care import Care
    from golive.hypercare.exit import ExitStanding
    from golive.hypercare.incident import Incident


@click.command("status", cls=Taught, codes=CODES)
@release
@as_json
@click.pass_context
def status(context: click.Context, release: str, as_json: bool) -> None:
    from golive.stages.stabilization import care_of

    with reading(context) as ledger:
        care = care_of(ledger, release)
        stands = care.exit_standing()
        if as_json:
            print_json(_data(care, stands))
            return
        headings = [say(f"column_{name}") for name in ("measure", "value", "target", "state", "why")]
        print_table(headings, _rows(care, stands))
        for incident in care.state().open_incidents:
            click.echo(_line(care, incident))
        click.echo("")
        print_exit(care.plan, stands, locale_of())


def _rows(care: "Care", stands: "ExitStanding") -> Iterator[tuple[str, ...]]:
    from golive.hypercare.watch import shown

    for name, judged in stands.measures.items():
        measure = care.plan.measures[name]
        state = text(f"hypercare.result_{judged.result.value}", locale_of())
        why = text(f"hypercare.short_{judged.why}", locale_of())
        yield measure.title(locale_of()), shown(judged), f"{measure.target} {measure.unit}", state, why


def _line(care: "Care", incident: "Incident") -> str:
    from golive.hypercare.incident import clocks_of
    from golive.hypercare.telling import moment

    now = care.journal.now()
    running = [clock for clock in clocks_of(incident, care.plan, care.state().started or now, now) if not clock.stopped]
    clocks = ", ".join(
        say(
            "clock_late" if clock.late else "clock_due",
            clock=text(f"hypercare.clock_{clock.name}", locale_of()),
            due=moment(care.plan, clock.due.isoformat()),
        )
        for clock in running
    )
    return f"{incident.priority} {plain(incident.incident)}: {plain(incident.title)} ({plain(clocks)})"


def _data(care: "Care", stands: "ExitStanding") -> dict[str, Any]:
    from golive.hypercare.problems import problems

    state = care.state()
    incidents = [{"incident": item.incident, "priority": item.priority, "cause": item.cause, "open": item.is_open}
                 for item in state.incidents.values()]  # fmt: skip
    return {
        **exit_data(stands),
        "incidents": incidents,
        "problems": [vars(item) for item in problems(state.incidents.values())],
    }
