"""The Airflow connections of the stack, as data."""

from dataclasses import dataclass, field

from golive.secret import Secret
from golive_stack.databases import ENVIRONMENTS, LEDGER, LEDGER_WRITER, example_name, legacy_name
from golive_stack.hosts import StackHost
from golive_stack.postgres import SUPERUSER
from golive_stack.state import State


@dataclass(frozen=True)
class ConnectionRow:
    """One row of Airflow's connection table. It holds secrets in the clear: never print or log it."""

    name: str
    kind: str
    host: str
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: dict[str, str] = field(default_factory=dict, repr=False)


def connections(state: State, hosts: tuple[StackHost, ...]) -> tuple[ConnectionRow, ...]:
    """The ledger, every host, every environment's database, and the channel."""
    databases = (make(state, e) for e in ENVIRONMENTS for make in (_database, _legacy, _administrator))
    return (_ledger(state), *(_host(host) for host in hosts), *databases, _slack(state))


def _ledger(state: State) -> ConnectionRow:
    word = state.password("database/ledger").reveal()
    return ConnectionRow("golive_ledger", "postgres", "127.0.0.1", state.port("postgres"), LEDGER_WRITER, word, LEDGER)


def _host(host: StackHost) -> ConnectionRow:
    extra = {"private_key": host.client_key.read_text(encoding="ascii"), "host_key": host.host_key}
    name = f"golive_{host.row.environment}_{host.row.name}"
    return ConnectionRow(name, "ssh", "127.0.0.1", host.port, host.user, extra=extra)


def _database(state: State, environment: str) -> ConnectionRow:
    name = example_name(environment)
    word = state.password(f"database/{environment}").reveal()
    port = state.port("postgres")
    return ConnectionRow(f"golive_{environment}_main", "postgres", "127.0.0.1", port, name, word, name)


def _legacy(state: State, environment: str) -> ConnectionRow:
    name = legacy_name(environment)
    word = state.password(f"legacy/{environment}").reveal()
    port = state.port("postgres")
    return ConnectionRow(f"golive_{environment}_legacy", "postgres", "127.0.0.1", port, name, word, name)


def _administrator(state: State, environment: str) -> ConnectionRow:
    """Who makes, dumps and restores an environment's databases. Both environments share one server here."""
    word = state.password("postgres").reveal()
    return ConnectionRow(
        f"golive_{environment}_admin", "postgres", "127.0.0.1", state.port("postgres"), SUPERUSER, word, "postgres"
    )


def _slack(state: State) -> ConnectionRow:
    extra = {"base_url": f"http://127.0.0.1:{state.port('slack')}/api/"}
    return ConnectionRow("golive_slack", "slack", "127.0.0.1", password=slack_token(state).reveal(), extra=extra)


def slack_token(state: State) -> Secret:
    """The preview's bot token, in the form that Slack's have."""
    if not state.has_password("slack"):
        state.set_password("slack", f"xoxb-{state.password('slack-seed').reveal()}")
    return state.password("slack")
