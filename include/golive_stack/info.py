"""What a stack tells of itself: addresses, people, files."""

from dataclasses import dataclass
from pathlib import Path

from golive.secret import Secret
from golive_stack import databases, processes
from golive_stack.errors import NotUp
from golive_stack.home import Home
from golive_stack.people import accounts
from golive_stack.postgres import BINARIES, Server
from golive_stack.state import State


@dataclass(frozen=True)
class Person:
    """A login of Airflow's page."""

    name: str
    title: str
    role: str
    password: Secret


@dataclass(frozen=True)
class Info:
    """A stack as it stands. URLs end without a slash; ``processes`` are the living ones, name → pid."""

    home: Home
    page: str
    channel_page: str
    slack_api: str
    slack_token: Secret
    balancers: dict[str, str]
    people: tuple[Person, ...]
    processes: dict[str, int]
    postgres: Server
    ledger: Secret
    ledger_owner: Secret
    signing_key: Path
    heads: Path
    environments: dict[str, Path]
    binaries: Path

    def person(self, name: str) -> Person:
        """Raises ``KeyError``."""
        return {person.name: person for person in self.people}[name]


def info(home: Home) -> Info:
    """Raises ``NotUp`` when there was never an ``up`` in ``home``."""
    if not home.state.exists():
        raise NotUp(what="the stack", home=home.root)
    state = State(home.state)
    server = Server(state.port("postgres"), state.password("postgres"))
    word = state.password("database/ledger")
    channel = f"http://127.0.0.1:{state.port('slack')}"
    writer = server.url(databases.LEDGER, databases.LEDGER_WRITER, word, driver="+psycopg")
    return Info(
        home=home,
        page=f"http://127.0.0.1:{state.port('airflow')}",
        channel_page=channel,
        slack_api=f"{channel}/api",
        slack_token=state.password("slack"),
        balancers={e: f"http://127.0.0.1:{state.port(f'balancer-{e}')}" for e in databases.ENVIRONMENTS},
        people=tuple(Person(a.name, a.title, a.role, state.password(f"person/{a.name}")) for a in accounts()),
        processes={name: r.pid for name, r in processes.recorded(home).items() if processes.alive(r)},
        postgres=server,
        ledger=writer,
        ledger_owner=server.url(databases.LEDGER, driver="+psycopg"),
        signing_key=home.keys / "signing",
        heads=home.heads,
        environments={e: home.environments / f"{e}.yaml" for e in databases.ENVIRONMENTS},
        binaries=BINARIES,
    )
