"""``golive up`` and ``golive down``."""

import json
from typing import Any

import click

from golive_stack import lifecycle
from golive_stack.info import Info
from golive_stack.progress import progress


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print addresses and people as JSON.")
def up(as_json: bool) -> None:
    """Start the embedded stack: PostgreSQL, SSH hosts with their balancers, the channel page, and Airflow.

    Everything listens on this machine only, on ports chosen once. What already runs is taken over.
    State, logs and passwords are under .golive (or GOLIVE_HOME). Exit 6 when something cannot start.
    """
    with progress("starting") as say:
        info = lifecycle.up(say=say)
    click.echo(json.dumps(as_data(info), ensure_ascii=False, indent=2) if as_json else describe(info))


@click.command()
def down() -> None:
    """Stop the embedded stack. No process stays behind, also when `golive up` was killed. Data stays in .golive."""
    with progress("stopping") as say:
        lifecycle.down(say=say)


def describe(info: Info) -> str:
    """Where to click and who may sign in, as text. Shows the passwords of the example's people."""
    width = max(len(person.name) for person in info.people)
    people = [f"  {p.name:<{width}}  {p.password.reveal()}  {p.role:<9}  {p.title}" for p in info.people]
    balancers = [f"  {name}: {url}" for name, url in info.balancers.items()]
    places = [f"Airflow  {info.page}", f"Channel  {info.channel_page}", "Example, through its balancers:", *balancers]
    return "\n".join([*places, "People (name, password, role):", *people])


def as_data(info: Info) -> dict[str, Any]:
    """The same as ``describe``, as JSON: ``{page, channel, balancers, people: [{name, title, role, password}], …}``."""
    return {
        "page": info.page,
        "channel": info.channel_page,
        "balancers": info.balancers,
        "people": [{**vars(person), "password": person.password.reveal()} for person in info.people],
        "environments": {name: str(file) for name, file in info.environments.items()},
        "processes": info.processes,
        "home": str(info.home.root),
    }
