"""``golive status``: where releases stand, who is being waited for, and what is not in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from golive.cli.command import Taught
from golive.cli.locale import locale_of, say
from golive.cli.output import local, plain, print_json, print_table
from golive.cli.record import event_line, require_stream
from golive.cli.settings import reading
from golive.texts import text

if TYPE_CHECKING:
    from golive.cli.board import EnvironmentBoard, Incident, ReleaseBoard, StageLine
    from golive.ledger import Event

LAST_EVENTS = 15
"""Shown of one release, without what was only sent to the channel."""


@click.command("status", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("release", metavar="[RELEASE]", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def status(context: click.Context, release: str | None, as_json: bool) -> None:
    if release:
        _one(context, release, as_json)
    else:
        _all(context, as_json)


def _all(context: click.Context, as_json: bool) -> None:
    from golive.cli.board import environment_boards, release_boards

    with reading(context) as ledger:
        releases, environments = release_boards(ledger, locale_of(context)), environment_boards(ledger)
    if as_json:
        print_json({"releases": [asdict(item) for item in releases], "environments": [asdict(e) for e in environments]})
        return
    if not releases:
        click.echo(say("no_releases"))
    else:
        _table(releases)
    _print(_attention(releases, environments))


def _one(context: click.Context, release: str, as_json: bool) -> None:
    from golive.cli.board import release_board
    from golive.ledger.events import release_stream

    with reading(context) as ledger:
        require_stream(ledger, release)
        board = release_board(ledger, release, locale_of(context))
        told = [event for event in ledger.read(release_stream(release)) if not event.kind.startswith("message.")]
        events = told[-LAST_EVENTS:]
    if as_json:
        print_json({"release": asdict(board) if board else None, "events": [vars(event) for event in events]})
        return
    if board is not None:
        _detail(board)
        _print(_attention((board,), ()))
    _print(_events(events))


def _detail(board: "ReleaseBoard") -> None:
    click.echo(f"{board.release}  {plain(board.title)}")
    facts = {"version": board.version, "round": board.round, "drafter": board.drafter, "submitter": board.submitter}
    click.echo("  " + say("release_line", **{name: plain(value) for name, value in facts.items()}))
    click.echo("  " + say("digest", digest=board.digest))
    for environment in board.path:
        key = "serves" if board.serving[environment] else "serves_nothing"
        click.echo("  " + say(key, environment=environment, release=board.serving[environment]))
    if board.stages:
        click.echo("")
        headings = ("environment", "stage", "state", "attempt", "requester", "run")
        print_table([say(f"column_{name}") for name in headings], (_stage_row(item) for item in board.stages))
    for item in board.stages:
        for failed in item.failed:
            click.echo("  " + say("not_passed", stage=item.stage, environment=item.environment, fact=plain(failed)))


def _stage_row(item: "StageLine") -> tuple[str, ...]:
    return (item.environment, item.stage, _state(item), str(item.attempt), item.requester, item.run_id)


def _table(releases: Sequence["ReleaseBoard"]) -> None:
    headings = [say(f"column_{name}") for name in ("release", "version", "round", "environment", "stages", "serving")]
    print_table(headings, (row for board in releases for row in _rows(board)))


def _rows(board: "ReleaseBoard") -> Iterator[tuple[str, ...]]:
    for number, environment in enumerate(board.path):
        stages = [f"{item.stage} {_state(item)}" for item in board.stages if item.environment == environment]
        head = ("", "", "") if number else (board.release, board.version, str(board.round))
        yield (*head, environment, ", ".join(stages) or "-", board.serving[environment] or "-")


def _state(item: "StageLine") -> str:
    return say(f"state_{item.state}")


def _attention(releases: Iterable["ReleaseBoard"], environments: Iterable["EnvironmentBoard"]) -> Iterator[str]:
    """Sections of what waits or is wrong; nothing when all is in order."""
    boards = tuple(releases)
    yield from _section("waiting_for", (line for board in boards for line in _gates(board)))
    yield from _section("open_effects", (line for board in boards for line in _effects(board)))
    found = [(board.release, item) for board in boards for item in board.incidents]
    found += [(board.environment, item) for board in environments for item in board.incidents]
    yield from _section("open_incidents", (_incident(whose, item) for whose, item in found))


def _section(key: str, lines: Iterable[str]) -> Iterator[str]:
    found = [f"  {line}" for line in lines]
    if found:
        yield from ("", say(key), *found)


def _gates(board: "ReleaseBoard") -> Iterator[str]:
    for gate in board.gates:
        facts = {
            "release": board.release,
            "environment": gate.environment,
            "stage": gate.stage,
            "attempt": gate.attempt,
            "kind": text(f"approvals.kind_{gate.kind}", locale_of()),
            "role": gate.role,
            "wanted": gate.wanted,
            "people": plain(", ".join(gate.people)),
            "until": local(gate.until) if gate.until else "-",
        }
        yield say(f"gate_{gate.state}", **facts)


def _effects(board: "ReleaseBoard") -> Iterator[str]:
    for effect in board.effects:
        state = say(f"effect_{effect.state}")
        yield f"{board.release} / {effect.environment} / {effect.key}: {state} {plain(effect.detail)}".rstrip()


def _incident(whose: str, item: "Incident") -> str:
    return f"{item.priority} {plain(item.incident)} ({whose}): {plain(item.title)}, {local(item.since)}"


def _events(events: Sequence["Event"]) -> Iterator[str]:
    yield from ("", say("last_events", count=len(events)))
    yield from (event_line(event) for event in events)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
