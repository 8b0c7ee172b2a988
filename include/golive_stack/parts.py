"""The parts of the stack, each a start that takes over what already lives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from golive_stack import airflow, connections, databases, environments, hosts, postgres, processes, slack, sshd
from golive_stack.boot import boot
from golive_stack.home import Home
from golive_stack.people import accounts
from golive_stack.ports import answers, require_free
from golive_stack.postgres import Server
from golive_stack.processes import ProcessSpec, Record
from golive_stack.state import State
from golive_stack.telling import Tell
from golive_stack.waiting import wait_ready

ALL = frozenset({"postgres", "hosts", "slack", "airflow"})


@dataclass(frozen=True)
class Site:
    """Everything that is chosen before anything starts: afterwards the parts may start side by side."""

    home: Home
    state: State
    server: Server
    hosts: tuple[hosts.StackHost, ...]
    tell: Tell
    given_up: Event = field(default_factory=Event)


def choose(home: Home, tell: Tell) -> Site:
    """Ports, passwords and keys, new or remembered, and the files that tell of them."""
    home.prepare()
    state = State(home.state)
    server = Server(state.port("postgres"), state.password("postgres"))
    machines = tuple(hosts.prepare(home, state, row) for row in hosts.HOSTS)
    for name in ("airflow", "slack"):
        state.port(name)
    databases.databases(state)
    for name in ("database/ledger", "jwt", "api", *(f"person/{person.name}" for person in accounts())):
        state.password(name)
    connections.connections(state, machines)
    environments.write(home, state, machines)
    airflow.prepare(home, state)
    return Site(home, state, server, machines, tell)


def start_postgres(site: Site) -> None:
    """The server, then the databases in it."""
    postgres.initialize(site.home, site.server)
    spec = postgres.specification(site.home, site.server)
    ensure(site, spec, lambda: postgres.missing(site.server), 60.0)
    databases.create(site.server, databases.databases(site.state))
    word = site.state.password("database/ledger")
    databases.create_ledger(site.server, word, site.home.keys / "signing")


def start_hosts(site: Site) -> None:
    """The SSH hosts and their balancers, all launched before any is awaited."""
    specs = [(hosts.specification(site.home, host), sshd.missing, host.port) for host in site.hosts]
    for host in site.hosts:
        if host.row.balancer:
            spec = hosts.balancer(site.home, site.state, host)
            specs.append((spec, _silent, spec.port or 0))
    launched = [(launch(site, spec), missing, port) for spec, missing, port in specs]
    for record, missing, port in launched:
        wait_ready(site.home, record, partial(missing, port), 20.0, site.given_up)
    for host in site.hosts:
        for service in boot(site.home, host):
            site.tell("booted", name=host.row.process, service=service)


def start_slack(site: Site) -> None:
    """The preview of the channels."""
    spec = slack.specification(site.home, site.state)
    ensure(site, spec, lambda: _silent(site.state.port("slack")), 20.0)


def start_airflow(site: Site) -> None:
    """Airflow's database, then its four processes, healthy: the page last, since it must find its people."""
    variables = airflow.environment(site.home, site.state, site.server)
    request = airflow.setup_request(site.state, accounts(), connections.connections(site.state, site.hosts))
    records: list[Record] = []

    def start(*names: str) -> None:
        records.extend(launch(site, airflow.specification(site.home, site.state, variables, n)) for n in names)

    airflow.set_up(site.home, site.state, variables, request, migrated=lambda: start(*airflow.BEHIND))
    start(airflow.PAGE)
    for record in records:
        wait_ready(site.home, record, lambda: airflow.missing(site.state), 120.0, site.given_up)


STARTS: Mapping[str, Callable[[Site], None]] = {
    "postgres": start_postgres,
    "hosts": start_hosts,
    "slack": start_slack,
    "airflow": start_airflow,
}


def ensure(site: Site, spec: ProcessSpec, missing: Callable[[], str], seconds: float) -> Record:
    """Start ``spec`` unless it lives, and wait until nothing is ``missing``."""
    record = launch(site, spec)
    wait_ready(site.home, record, missing, seconds, site.given_up)
    return record


def launch(site: Site, spec: ProcessSpec) -> Record:
    """Start ``spec`` unless it lives. Raises ``PortTaken`` when its port is held by something else."""
    if (record := processes.running(site.home, spec.name)) is not None:
        site.tell("already_running", name=spec.name, pid=record.pid)
        return record
    if spec.port is not None:
        require_free(spec.name, spec.port, site.home.state)
    record = processes.start(site.home, spec)
    site.tell("started", name=spec.name, pid=record.pid)
    return record


def _silent(port: int) -> str:
    return "" if answers(port) else f"nothing answers on port {port}"
