"""Hypercare of what serves in production: which releases are in it, what a look asks, and what a look records.

No run lives for twelve weeks: one scheduled run asks ``due``, and for each release ``sample`` and ``tick``. Each may be
done twice, late or never; the record decides what is new.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from golive.checks.values import Result, Verdict
from golive.errors import GoliveError
from golive.hypercare.care import Care
from golive.hypercare.errors import NotInHypercare
from golive.hypercare.journal import LedgerJournal
from golive.hypercare.plan import care_plan
from golive.hypercare.values import Reading
from golive.ledger import Ledger
from golive.ledger.events import Event, environment_stream
from golive.stages.bench import Bench, bench
from golive.stages.live import serving_of
from golive.stages.observe_cutover import look_once
from golive.stages.runtime import Runtime
from golive.stages.subject import Subject, load_submission, scope_of
from golive.stages.telling import tell

SOURCE = "probe"
ROUNDS = 4
"""How often a look asks each check: a look's error rate is a share of these."""


def due(ledger: Ledger) -> tuple[str, ...]:
    """The releases that are in hypercare now: they serve in their production, and neither handed over nor went back."""
    return tuple(subject.manifest.release for subject in _serving(ledger) if _running(ledger, subject))


def care_of(ledger: Ledger, release: str) -> Care:
    """A release's hypercare, by the plan with which it went live. Raises ``NotInHypercare`` unless it serves."""
    for subject in _serving(ledger):
        if subject.manifest.release == release:
            return _care(ledger, subject)
    raise NotInHypercare(release=release, environment="-")


def sample(runtime: Runtime) -> tuple[Reading, ...]:
    """Asks what serves, as the world sees it, and records what it saw; no answer is a reading, never an error.

    Raises ``NotInHypercare``.
    """
    care = care_of(runtime.ledger, runtime.run.release)
    subject = next(item for item in _serving(runtime.ledger) if item.manifest.release == runtime.run.release)
    here = replace(runtime, run=replace(runtime.run, environment=care.plan.environment))
    verdicts = asyncio.run(_look(here, subject))
    now = runtime.ledger.now()
    found = tuple(Reading(name, value, SOURCE, now) for name, value in readings_of(verdicts).items())
    care.sample(found)
    return found


def tick(runtime: Runtime) -> Sequence[Event]:
    """Records what follows from the looks until now, and queues what is to be told. Raises ``NotInHypercare``."""
    care = care_of(runtime.ledger, runtime.run.release)
    told = care.tick()
    tell(replace(runtime, run=replace(runtime.run, environment=care.plan.environment)))
    return told


def readings_of(verdicts: Sequence[Verdict]) -> dict[str, str | None]:
    """The watched measures of one look: the share that answered rightly, how long they took (ms), the share of wrong
    answers among answers. None where there is nothing to take it from."""
    right = [verdict for verdict in verdicts if verdict.result is Result.PASS]
    answered = [verdict for verdict in verdicts if verdict.result is not Result.INCONCLUSIVE]
    took = [verdict.measured for verdict in answered if verdict.measured is not None]
    return {
        "availability": _share(len(right), len(verdicts)),
        "error_rate": _share(len(answered) - len(right), len(answered)),
        "response_time": str(sum(took) // len(took)) if took else None,
    }


def _share(part: int, whole: int) -> str | None:
    return f"{Decimal(part) * 100 / whole:.2f}" if whole else None


async def _look(runtime: Runtime, subject: Subject) -> list[Verdict]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    async with bench(runtime, scope) as tools:
        return [verdict for _ in range(ROUNDS) for verdict in await _round(tools)]


async def _round(tools: Bench) -> tuple[Verdict, ...]:
    try:
        return await look_once(tools)
    except GoliveError as error:
        return (Verdict("hypercare", Result.INCONCLUSIVE, str(error)),)


def _serving(ledger: Ledger) -> list[Subject]:
    """What serves in each environment that is its release's production."""
    found = []
    for stream in ledger.streams(environment_stream("")):
        live = serving_of(ledger.read(stream))
        if live is not None:
            environment = stream.removeprefix(environment_stream(""))
            where = (live.data["release"], environment, live.data["manifest"], live.data["inventory"])
            subject = load_submission(ledger, *where)
            if subject.manifest.production == environment:
                found.append(subject)
    return found


def _care(ledger: Ledger, subject: Subject) -> Care:
    plan = care_plan(subject.manifest, subject.environment.zone)
    return Care(plan, LedgerJournal(ledger, subject.manifest.release))


def _running(ledger: Ledger, subject: Subject) -> bool:
    state = _care(ledger, subject).state()
    return state.started is not None and state.ended is None
