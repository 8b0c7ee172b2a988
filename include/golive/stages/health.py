"""The nightly look at what serves: facts in the environment's record, a summary, an incident if something is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from golive.checks.values import Result, Verdict
from golive.errors import GoliveError
from golive.ledger import Ledger
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.reports.messages import Finding, nightly_summary
from golive.reports.queue import queue
from golive.stages.bench import bench
from golive.stages.errors import NothingServes, UnknownStep
from golive.stages.escalation import follow
from golive.stages.health_checks import CHECKS
from golive.stages.live import lives_of, serving
from golive.stages.night import last_night
from golive.stages.runtime import Runtime
from golive.stages.subject import Subject, load_submission, scope_of
from golive.stages.telling import audience_of, tell_environment
from golive.texts import text

SUMMARISED = "health.summarised"
"""The end of a night's look at an environment; what has none is looked at, however late that is."""


def due_environments(ledger: Ledger) -> tuple[str, ...]:
    """The environments that served something at their last two o'clock at night and were not looked at since."""
    names = (name.removeprefix("environment/") for name in ledger.streams("environment/"))
    now = ledger.now()
    serve = (name for name in names if serving(ledger, name) is not None)
    return tuple(
        name
        for name in serve
        if is_due(ledger.read(environment_stream(name)), subject_of(ledger, name).environment.zone, now)
    )


def is_due(events: Sequence[Event], zone: ZoneInfo, now: datetime) -> bool:
    """Whether the last night of an environment, by its events, has not been looked at."""
    night = last_night(zone, now)
    served = any(event.at <= night for event in lives_of(events))
    return served and not any(event.kind == SUMMARISED and event.at >= night for event in events)


def subject_of(ledger: Ledger, environment: str) -> Subject:
    """What serves in an environment, as it was submitted. Raises ``NothingServes``."""
    live = serving(ledger, environment)
    if live is None:
        raise NothingServes(environment=environment)
    data = live.data
    return load_submission(ledger, data["release"], environment, data["manifest"], data["inventory"])


def check(runtime: Runtime, name: str) -> tuple[Verdict, ...]:
    """Looks at one thing and records what it found as ``health.recorded``; what it finds is no error."""
    if name not in CHECKS:
        raise UnknownStep(stage="nightly_health", step=name, known=", ".join(CHECKS))
    subject = subject_of(runtime.ledger, runtime.run.environment)
    here = replace(runtime, run=replace(runtime.run, release=subject.manifest.release))
    verdicts = asyncio.run(_look(here, subject, name))
    facts = [NewEvent("health.recorded", {**_identity(here), "check": name, **_data(verdict)}) for verdict in verdicts]
    runtime.ledger.record(environment_stream(runtime.run.environment), *facts)
    for verdict in verdicts:
        runtime.say(f"{verdict.name}: {verdict.result} {verdict.detail}")
    return verdicts


async def _look(runtime: Runtime, subject: Subject, name: str) -> tuple[Verdict, ...]:
    scope = await asyncio.to_thread(scope_of, runtime, subject)
    async with bench(runtime, scope) as tools:
        try:
            return await CHECKS[name](tools)
        except GoliveError as error:
            return (Verdict(name, Result.INCONCLUSIVE, str(error)),)


def _identity(runtime: Runtime) -> dict[str, str]:
    return {"environment": runtime.run.environment, "release": runtime.run.release, "run_id": runtime.run.run_id}


def _data(verdict: Verdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "verdict": verdict.result.value,
        "detail": verdict.detail,
        "measured": verdict.measured,
    }


def summarise(runtime: Runtime) -> tuple[Finding, ...]:
    """One message of this run's facts, and the incident opened or closed by them.

    A check that recorded nothing is a finding of its own: no data is never healthy.
    """
    stream = environment_stream(runtime.run.environment)
    subject = subject_of(runtime.ledger, runtime.run.environment)
    facts = [event for event in runtime.ledger.read(stream) if _is_mine(event, runtime.run.run_id)]
    found = {
        event.data["name"]: Finding(event.data["name"], event.data["verdict"], event.data["detail"]) for event in facts
    }
    silent = set(CHECKS) - {event.data["check"] for event in facts}
    findings = (*found.values(), *(Finding(name, "inconclusive", "-") for name in sorted(silent)))
    day = runtime.ledger.now().astimezone(ZoneInfo(subject.environment.timezone)).date().isoformat()
    audience = audience_of(subject.manifest, subject.environment)
    title = text("stages.incident_night", subject.manifest.locale, environment=audience.environment)
    _incident(runtime, findings, title)
    tell_environment(runtime, subject.manifest, subject.environment)
    queue(runtime.ledger, stream, nightly_summary(audience, day, findings, runtime.link or None))
    bad = sum(finding.result != "pass" for finding in findings)
    data = {**_identity(runtime), "findings": len(findings), "bad": bad}
    runtime.ledger.append(stream, lambda events, _now: [] if _is_told(events, data) else [NewEvent(SUMMARISED, data)])
    return findings


def _is_told(events: Sequence[Event], data: Mapping[str, object]) -> bool:
    return any(event.kind == SUMMARISED and event.data["run_id"] == data["run_id"] for event in events)


def _is_mine(event: Event, run_id: str) -> bool:
    return event.kind == "health.recorded" and event.data["run_id"] == run_id


def _incident(runtime: Runtime, findings: Sequence[Finding], title: str) -> None:
    """Opens the environment's nightly incident when something is wrong, closes it when all is well again."""
    bad = [finding for finding in findings if finding.result != "pass"]
    detail = "; ".join(f"{finding.name}: {finding.detail}" for finding in bad)
    follow(runtime.ledger, runtime.run.environment, "night", detail, title)
