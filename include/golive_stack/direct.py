"""A release carried out without Airflow: how the example's first version comes onto empty hosts, and how tests do it.

The same library calls that the DAGs make, in the same order; the gates are signed by the example's people, and the
ledger says that it was done this way (channel ``stack``).
"""

from collections.abc import Callable

from golive.approvals.values import Kind, Question, Settled
from golive.ledger import Ledger, Signer
from golive.ledger.events import release_stream
from golive.reports.outbox import send_pending
from golive.reports.slack import SlackPoster
from golive.secret import Secret
from golive.stages.api import answer, ask, close_stage, open_stage, run_step
from golive.stages.catalogue import STAGES, WHOLE
from golive.stages.definition import StageDefinition
from golive.stages.runtime import Connection, Run, Runtime
from golive_stack.connections import ConnectionRow, connections
from golive_stack.hosts import HOSTS, prepare
from golive_stack.info import Info
from golive_stack.state import State

CHANNEL = "stack"
OPERATOR = "lee.operator"


def open_ledger(info: Info) -> Ledger:
    """The stack's ledger, able to sign."""
    return Ledger(info.ledger, signer=Signer.load(info.signing_key), heads=info.heads)


def connections_of(info: Info) -> Callable[[str], Connection]:
    """The stack's connections as values, by name."""
    state = State(info.home.state)
    hosts = tuple(prepare(info.home, state, row) for row in HOSTS)
    rows = {row.name: _value(row) for row in connections(state, hosts)}
    return rows.__getitem__


def _value(row: ConnectionRow) -> Connection:
    key = row.extra.get("private_key")
    return Connection(
        host=row.host,
        port=row.port or 0,
        user=row.login,
        password=Secret(row.password) if row.password else None,
        private_key=Secret(key) if key else None,
        database=row.schema,
    )


def runtime(info: Info, ledger: Ledger, run: Run, say: Callable[[str], None] = print) -> Runtime:
    """What a stage may use, as the edge would build it. Runs of this kind end with their process."""
    return Runtime(
        ledger,
        run,
        connections_of(info),
        lives=lambda _stage, run_id: run_id == run.run_id,
        say=say,
        group=lambda title, lines: say(" ".join((title, *lines))[:300]),
    )


def go_live(
    info: Info, release: str, environment: str, say: Callable[[str], None] = print, name: str = CHANNEL
) -> None:
    """Takes a submitted release through all stages in an environment, as the run ``name``. Raises what they raise."""
    ledger = open_ledger(info)
    try:
        for stage in STAGES.values():
            run = Run(release, environment, stage.name, f"{release}.{environment}.{stage.name}.{name}", OPERATOR)
            run_stage(runtime(info, ledger, run, say), stage)
        run = Run(release, environment, WHOLE, f"{release}.{environment}.{WHOLE}.{name}", OPERATOR)
        whole = runtime(info, ledger, run, say)
        open_stage(whole)
        close_stage(whole)
        deliver(info, ledger, release)
    finally:
        ledger.close()


def deliver(info: Info, ledger: Ledger, release: str) -> None:
    """Sends what is queued for a release, if the channel answers; else it stays queued."""
    if "slack" in info.processes:
        send_pending(ledger, release_stream(release), SlackPoster(info.slack_token, info.slack_api + "/"))


def run_stage(here: Runtime, stage: StageDefinition) -> None:
    """One stage from its opening to its close, the gate signed where it stands."""
    if open_stage(here).finished:
        return
    for step in stage.steps:
        if step.name == stage.guarded:
            sign_gate(here)
        run_step(here, step.name)
    if stage.guarded is None:
        sign_gate(here)
    close_stage(here)


def sign_gate(here: Runtime) -> None:
    """Every step of the line is approved by as many of its people as it wants."""
    for kind in Kind:
        found = ask(here, kind.value)
        while isinstance(found, Question):
            before = found
            for person in found.assignees:
                answer(here, kind.value, person, "approve", "", CHANNEL)
                found = ask(here, kind.value)
                if isinstance(found, Settled):
                    break
            if found == before:
                raise RuntimeError(f"nobody could sign {kind.value}")
