"""``golive ledger``: what was recorded, and whether it still is what was recorded."""

import json
import time
from typing import TYPE_CHECKING, Any

import click

from golive.cli.command import Taught, TaughtGroup
from golive.cli.errors import RecordBroken
from golive.cli.locale import locale_of, say
from golive.cli.output import local, plain, print_json, print_json_line, shorten
from golive.cli.settings import public_keys, reading, settings
from golive.release.names import nearest

if TYPE_CHECKING:
    from golive.ledger import Event, Ledger, Problem

_LONGEST_VALUE = 80
_PAUSE_SECONDS = 1.0

ledger = TaughtGroup("ledger", no_args_is_help=True, codes=(0, 2, 5, 64))


@ledger.command("verify", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("release", metavar="[RELEASE]", required=False)
@click.option("--evidence", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def verify_command(context: click.Context, release: str | None, evidence: bool, as_json: bool) -> None:
    from golive.ledger import verify
    from golive.ledger.events import release_stream

    found = settings(context)
    keys = public_keys(found)
    stream = release_stream(release) if release else None
    if found.heads is None:
        click.echo(say("no_heads"), err=True)
    with reading(context) as opened:
        problems = verify(opened, keys, found.heads, stream, evidence=evidence)
        if release and not problems:
            require_stream(opened, release)
        count = 1 if stream else len(opened.streams())
    if as_json:
        print_json({"holds": not problems, "streams": count, "problems": [_as_data(item) for item in problems]})
    for problem in () if as_json else problems:
        click.echo(plain(problem.message(locale_of())))
    if problems:
        raise RecordBroken(count=len(problems))
    if not as_json:
        click.echo(say("record_holds", count=count, keys=len(keys)))


@ledger.command("show", cls=Taught, codes=(0, 2, 5, 64, 130))
@click.argument("name", metavar="RELEASE")
@click.option("--environment", "is_environment", is_flag=True)
@click.option("--kind", "kinds", metavar="KIND", multiple=True)
@click.option("--follow", "-f", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def show(
    context: click.Context, name: str, is_environment: bool, kinds: tuple[str, ...], follow: bool, as_json: bool
) -> None:
    from golive.ledger.events import environment_stream, release_stream

    with reading(context) as opened:
        stream = environment_stream(name) if is_environment else release_stream(name)
        require_stream(opened, name, stream)
        seen = _show(opened, stream, 0, kinds, as_json)
        while follow:
            time.sleep(_PAUSE_SECONDS)
            seen = _show(opened, stream, seen, kinds, as_json)


def require_stream(opened: "Ledger", name: str, stream: str | None = None) -> None:
    """Raises ``UnknownRelease`` or ``UnknownEnvironment``, naming what could be meant."""
    from golive.stages.errors import UnknownEnvironment, UnknownRelease

    wanted = stream or f"release/{name}"
    if _is_there(opened, wanted):
        return
    kind = wanted.partition("/")[0]
    known = [found.removeprefix(f"{kind}/") for found in opened.streams(f"{kind}/")]
    near = nearest(name, known)
    if kind == "environment":
        raise UnknownEnvironment(environment=plain(name), meant=near, known=", ".join(known) or "-")
    raise UnknownRelease(release=plain(name), meant=near)


def _is_there(opened: "Ledger", stream: str) -> bool:
    from golive.ledger.errors import LedgerBroken

    try:
        return bool(opened.read(stream))
    except LedgerBroken:
        # What does not hold is there all the same, and must be shown or exported for what it is.
        return True


def _show(opened: "Ledger", stream: str, after: int, kinds: tuple[str, ...], as_json: bool) -> int:
    events = opened.read(stream, after)
    for event in events:
        if not kinds or any(event.kind == kind or event.kind.startswith(f"{kind}.") for kind in kinds):
            print_json_line(vars(event)) if as_json else click.echo(event_line(event))
    return events[-1].sequence if events else after


def event_line(event: "Event") -> str:
    """``sequence  local time  kind  actor  name=value …``, in one line."""
    data = "  ".join(f"{name}={_compact(value)}" for name, value in event.data.items())
    head = f"{event.sequence:>5}  {local(event.at)}  {event.kind:<22}  {plain(event.actor):<14}"
    return f"{head}  {data}".rstrip()


def _compact(value: Any) -> str:
    bare = isinstance(value, str) and value and " " not in value
    found = shorten(plain(value if bare else json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
    return found if len(found) <= _LONGEST_VALUE else found[: _LONGEST_VALUE - 1] + "…"


def _as_data(problem: "Problem") -> dict[str, Any]:
    return {**vars(problem), "message": problem.message("en")}
