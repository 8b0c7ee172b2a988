"""The story of the demo: version 1 serves, version 2 goes through test to production, by the DAGs and their gates."""

import time
from dataclasses import dataclass

from golive.ledger.events import release_stream
from golive.secret import Secret
from golive.stages.api import (
    check_verdict,
    close_stage,
    open_stage,
    roll_back_release,
    run_step,
    submit_environment,
    submit_release,
)
from golive.stages.live import serving
from golive.stages.on_demand import ROLLBACK
from golive.stages.runtime import Run
from golive.stages.standing import StageState, fold_stages
from golive.texts import text
from golive_stack import direct, example
from golive_stack.databases import ENVIRONMENTS, example_name, legacy_name
from golive_stack.demo import breaks
from golive_stack.demo.signing import REQUESTER, Say, Signatory
from golive_stack.demo.writer import NEW_ROWS, OLD_ROWS, Writer, Written, lost_or_doubled
from golive_stack.info import Info
from golive_stack.state import State

OLD, NEW = "contact-center-1.0", "contact-center-2.0"
BEFORE = frozenset(ENVIRONMENTS[:-1])
RUN_SECONDS = 600.0
LEFT = frozenset({StageState.OPEN, StageState.CLOSED, StageState.RETURNED, StageState.QUARANTINED})
"""What an earlier demo may have left of version 2, however it ended."""


@dataclass(frozen=True)
class Told:
    """How the demo ended: the state of each environment's run, what serves there, and the seconds it took.

    ``written``: what became of the consultations that users sent meanwhile.
    """

    runs: dict[str, str]
    serving: dict[str, str]
    seconds: float
    written: dict[str, Written]

    @property
    def went_live(self) -> bool:
        return all(state == "success" for state in self.runs.values())

    @property
    def kept_all(self) -> bool:
        """Every consultation that was said to be received is there, once."""
        return not any(one.wrong for one in self.written.values())


def play(info: Info, say: Say, locale: str, fail: str | None, manual: bool) -> Told:
    """Prepares the example, then runs ``release`` in test and in production until one ends red.

    What is broken is broken in production: version 2 may stay live in test from an earlier demo.
    """
    prepare(info, say, keep=BEFORE if fail else frozenset())
    begun = time.monotonic()
    written: dict[str, Written] = {}
    runs = _runs(info, say, locale, fail, manual, written)
    return Told(runs, serves(info), time.monotonic() - begun, written)


def _runs(
    info: Info, say: Say, locale: str, fail: str | None, manual: bool, written: dict[str, Written]
) -> dict[str, str]:
    states: dict[str, str] = {}
    for environment in ENVIRONMENTS:
        name = f"{environment}-{time.time_ns()}"
        writer = Writer(info.balancers[environment], example.CUSTOMERS[environment], name)
        writer.start()
        signatory = Signatory(info, say, locale, manual, _breaking(info, say, locale, fail, environment))
        try:
            run = f"{NEW}.{environment}.{time.strftime('%Y%m%dT%H%M%S')}"
            signatory.api(REQUESTER).trigger("release", run, release=NEW, environment=environment)
            say(
                text(
                    "stack.demo_triggered", locale, environment=environment, link=f"{info.page}/dags/release/runs/{run}"
                )
            )
            states[environment] = signatory.watch("release", run, RUN_SECONDS)
        finally:
            signatory.close()
            writer.stop()
        written[environment] = _found(info, environment, writer)
        if states[environment] != "success":
            break
    return states


def _found(info: Info, environment: str, writer: Writer) -> Written:
    """Looks for what the users were told was received, where the version that serves keeps it."""
    if serves(info)[environment] == NEW:
        wrong = lost_or_doubled(database_url(info, environment), NEW_ROWS, writer.received)
    else:
        wrong = lost_or_doubled(legacy_url(info, environment), OLD_ROWS, writer.received)
    return Written(len(writer.received), wrong, writer.longest_wait)


def _breaking(info: Info, say: Say, locale: str, fail: str | None, environment: str) -> "Breaker":
    return Breaker(info, say, locale, fail if environment == "production" else None)


@dataclass
class Breaker:
    """Breaks what ``fail`` says, once, when the stage's gate is about to be signed."""

    info: Info
    say: Say
    locale: str
    fail: str | None
    done: bool = False

    def __call__(self, run: str) -> None:
        if self.fail is None or self.done:
            return
        stage, act = breaks.BREAKS[self.fail]
        if f".{stage}." in run:
            act(self.info.home)
            self.done = True
            self.say(text(f"stack.demo_breaks_{self.fail}", self.locale, host=breaks.VICTIM))


def prepare(info: Info, say: Say, keep: frozenset[str] = frozenset()) -> None:
    """Databases filled, everything submitted, version 1 serving everywhere and version 2 nowhere, or in ``keep``."""
    breaks.repair_disk(info.home)
    breaks.mend_old_release(info.home)
    ledger = direct.open_ledger(info)
    try:
        for environment in ENVIRONMENTS:
            example.seed_database(legacy_url(info, environment), example.CUSTOMERS[environment])
            submit_environment(ledger, info.environments[environment], "admin")
        submit_release(ledger, example.write_release(info.home.root / "releases" / OLD, "1.0.0"), REQUESTER)
        submit_release(ledger, example.write_release(info.home.root / "releases" / NEW, "2.0.0"), REQUESTER)
        live = {environment: serving(ledger, environment) for environment in ENVIRONMENTS}
        stages = fold_stages(ledger.read(release_stream(NEW)))
    finally:
        ledger.close()
    for environment, event in live.items():
        if event is not None and event.data["release"] == NEW and environment in keep:
            continue
        if any(where == environment and standing.state in LEFT for (where, _), standing in stages.items()):
            take_back(info, environment, say)
        if event is None:
            direct.go_live(info, OLD, environment, say)


def take_back(info: Info, environment: str, say: Say) -> None:
    """Version 2 from an earlier demo is rolled back, by the same calls as the ``rollback`` DAG."""
    ledger = direct.open_ledger(info)
    run = Run(NEW, environment, ROLLBACK.name, f"demo.{time.time_ns()}", direct.OPERATOR)
    here = direct.runtime(info, ledger, run, say)
    try:
        open_stage(here)
        roll_back_release(here, "golive demo")
        run_step(here, "confirm")
        close_stage(here)
        check_verdict(here)
        direct.deliver(info, ledger, NEW)
    finally:
        ledger.close()


def database_url(info: Info, environment: str) -> Secret:
    """The example's database as its application's user."""
    name = example_name(environment)
    return info.postgres.url(name, name, State(info.home.state).password(f"database/{environment}"))


def legacy_url(info: Info, environment: str) -> Secret:
    """The old system's database as version 1 enters it."""
    name = legacy_name(environment)
    return info.postgres.url(name, name, State(info.home.state).password(f"legacy/{environment}"))


def serves(info: Info) -> dict[str, str]:
    """The release that serves in each environment, by the ledger."""
    ledger = direct.open_ledger(info)
    try:
        live = {environment: serving(ledger, environment) for environment in ENVIRONMENTS}
    finally:
        ledger.close()
    return {environment: event.data["release"] if event else "-" for environment, event in live.items()}
