"""``golive submit``: a release or an environment goes into the ledger, with everything that it refers to."""

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from golive.cli.command import Taught
from golive.cli.errors import PersonUnknown
from golive.cli.files import kind_of, whole_release
from golive.cli.locale import say
from golive.cli.output import plain, print_json
from golive.cli.progress import doing
from golive.cli.settings import writing
from golive.release.environment import load_environment
from golive.release.manifest import Manifest

if TYPE_CHECKING:
    from golive.ledger import Ledger
    from golive.stages.submission import Submitted

_LONGEST_NAME = 100


@click.command("submit", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--person", metavar="NAME")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def submit(context: click.Context, file: Path, person: str | None, as_json: bool) -> None:
    who = acting(person)
    if kind_of(file) == "environment":
        # Read first: a wrong file is told before anybody looks for the ledger.
        load_environment(file)
        _environment(context, file, who, as_json)
    else:
        _release(context, file, whole_release(file).manifest, who, as_json)


def acting(person: str | None) -> str:
    """The person who acts: as told, else ``GOLIVE_PERSON``, else the login name. Raises ``PersonUnknown``."""
    found = person or os.environ.get("GOLIVE_PERSON") or _login()
    if not found or not found.isprintable() or found != found.strip() or len(found) > _LONGEST_NAME:
        raise PersonUnknown
    return found


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _release(context: click.Context, file: Path, manifest: Manifest, person: str, as_json: bool) -> None:
    from golive.stages.api import submit_release

    with writing(context) as ledger:
        with doing(say("submitting", name=manifest.release)):
            done = submit_release(ledger, file, person)
        unknown = _unknown_environments(ledger, manifest)
    if as_json:
        form = {"dag": "release", "release": done.name, "environment": manifest.path[0]}
        print_json({**_as_data(done, "release", person), "unknown_environments": unknown, "trigger": form})
        return
    click.echo(_headline(done, "release", person))
    click.echo(say("next"))
    if unknown:
        click.echo("  " + say("next_environments", names=", ".join(unknown)))
    later = " → ".join(manifest.path[1:])
    click.echo(_indented(say("next_trigger", release=done.name, environment=manifest.path[0], later=later)))


def _environment(context: click.Context, file: Path, person: str, as_json: bool) -> None:
    from golive.stages.api import submit_environment

    with writing(context) as ledger:
        done = submit_environment(ledger, file, person)
    if as_json:
        print_json(_as_data(done, "environment", person))
        return
    click.echo(_headline(done, "environment", person))
    if done.new:
        click.echo(say("next"))
        click.echo(_indented(say("next_environment", name=done.name)))


def _headline(done: "Submitted", kind: str, person: str) -> str:
    key = f"submitted_{kind}" if done.new else f"unchanged_{kind}"
    first = say(key, name=done.name, round=done.round, person=plain(person))
    return first + "\n  " + say("digest", digest=done.digest)


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in lines.splitlines())


def _unknown_environments(ledger: "Ledger", manifest: Manifest) -> list[str]:
    known = {stream.removeprefix("environment/") for stream in ledger.streams("environment/")}
    return [name for name in manifest.path if name not in known]


def _as_data(done: "Submitted", kind: str, person: str) -> dict[str, Any]:
    return {"kind": kind, "person": person, **vars(done)}
