"""``golive plan``: what a release would do to an environment, and how that differs from what serves there."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from golive.cli.background import Background, background, submitted_environment
from golive.cli.command import Taught
from golive.cli.errors import LedgerNotConfigured
from golive.cli.files import fit_problems, whole_release
from golive.cli.locale import locale_of, say
from golive.cli.output import print_json
from golive.cli.settings import reading
from golive.errors import LedgerError
from golive.ledger.errors import LedgerUnreachable
from golive.release.diff import Change, PlanDiff, diff
from golive.release.environment import load_environment
from golive.release.errors import ManifestInvalid
from golive.release.plan import Plan
from golive.release.plan_text import diff_text, plan_text
from golive.stages.planning import make_plan


@dataclass(frozen=True)
class Drawn:
    """A plan with what it is compared with. ``unasked``: why the ledger could not be asked."""

    plan: Plan
    known: Background
    unasked: LedgerError | None = None

    @property
    def difference(self) -> PlanDiff:
        return diff(self.known.released, self.plan)


@click.command("plan", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--environment", metavar="NAME")
@click.option("--environment-file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--diff", "only_difference", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def plan(
    context: click.Context,
    file: Path,
    environment: str | None,
    environment_file: Path | None,
    only_difference: bool,
    as_json: bool,
) -> None:
    if environment and environment_file:
        raise click.UsageError(say("one_environment"))
    drawn = draw(context, file, environment, environment_file)
    if as_json:
        print_json(_as_data(drawn))
        return
    if not only_difference:
        click.echo(plan_text(drawn.plan, locale_of()))
    click.echo(_comparison(drawn), nl=False)
    if drawn.unasked is not None:
        click.echo(say("ledger_unasked", why=drawn.unasked.message(locale_of())), err=True)


def draw(context: click.Context, file: Path, environment: str | None, environment_file: Path | None) -> Drawn:
    """Makes the plan; asks the ledger what serves, and records nothing.

    With ``environment_file`` a ledger that cannot be reached is only noted. Raises ``ManifestInvalid``,
    ``UnknownEnvironment`` and leaves of ``LedgerError``.
    """
    release = whole_release(file)
    manifest = release.manifest
    known, unasked = Background(), None
    if environment_file is None:
        with reading(context) as ledger:
            place = submitted_environment(ledger, manifest, environment or manifest.path[0])
            known = background(ledger, manifest, release.digest, place)
    else:
        place = load_environment(environment_file)
        try:
            with reading(context) as ledger:
                known = background(ledger, manifest, release.digest, place)
        except (LedgerNotConfigured, LedgerUnreachable) as error:
            unasked = error
    if problems := fit_problems(manifest, place, environment_file):
        raise ManifestInvalid(problems=problems)
    made = known.kept or make_plan(manifest, place, release.digest, place.digest, known.current, files=release.files)
    return Drawn(made, known, unasked)


def _comparison(drawn: Drawn) -> str:
    if drawn.known.released is None:
        key = "plan_first" if drawn.unasked is None else "plan_uncompared"
        return say(key, environment=drawn.plan.environment) + "\n"
    heading = say("plan_against", release=drawn.known.release, environment=drawn.plan.environment)
    visible, silent = _split(drawn.difference)
    lines = [heading]
    if silent:
        lines.append(say("plan_other_inputs", count=len(silent), steps=_steps(silent)))
    if not silent or not visible.empty:
        lines.append(diff_text(visible, locale_of()).rstrip("\n"))
    return "\n".join(lines) + "\n"


def _split(found: PlanDiff) -> tuple[PlanDiff, tuple[Change, ...]]:
    """The changes that a reader sees in a step's words, and those of its content alone (a file, a setting)."""
    silent = tuple(item for item in found.changed if replace(item.before, inputs=item.after.inputs) == item.after)
    return replace(found, changed=tuple(item for item in found.changed if item not in silent)), silent


def _steps(changes: tuple[Change, ...]) -> str:
    return ", ".join(dict.fromkeys(f"{change.after.stage}.{change.after.step}" for change in changes))


def _as_data(drawn: Drawn) -> dict[str, Any]:
    found = drawn.difference
    difference = {
        "added": [step.key for step in found.added],
        "removed": [step.key for step in found.removed],
        "changed": [change.after.key for change in found.changed],
        "reordered": found.reordered,
    }
    return {
        "digest": drawn.plan.digest,
        "plan": drawn.plan.as_data(),
        "serving": drawn.known.release,
        "ledger_asked": drawn.unasked is None,
        "difference": difference if drawn.known.released else None,
    }
