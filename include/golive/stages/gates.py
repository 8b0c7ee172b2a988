"""Gates of a run: the approvals package with what the stages know of the release."""

import json
from dataclasses import dataclass

from golive.approvals import gate as approvals
from golive.approvals.evidence import Dossier, body
from golive.approvals.standing import standing
from golive.approvals.values import Gate, Kind, Line, Question, Settled, Standing, State
from golive.checks.values import Result, Verdict
from golive.ledger.events import release_stream
from golive.release.people import SIDES
from golive.release.plan import Plan, plan_from_data
from golive.stages.admission import gate_of, line_of
from golive.stages.errors import StageNotOpen
from golive.stages.live import serving
from golive.stages.runtime import Runtime
from golive.stages.standing import StageStanding, StageState, fold_stages
from golive.stages.subject import Subject, load_subject, plan_of, submitted_manifest
from golive.stages.telling import tell


@dataclass(frozen=True)
class _Here:
    subject: Subject
    standing: StageStanding
    gate: Gate
    line: Line | None
    """None where nobody has to be asked."""


def _here(runtime: Runtime) -> _Here:
    run = runtime.run
    events = runtime.ledger.read(release_stream(run.release))
    standing = fold_stages(events).get((run.environment, run.stage))
    subject = load_subject(runtime.ledger, run.release, run.environment)
    plan = plan_of(runtime.ledger, subject)
    where = {"stage": run.stage, "release": run.release, "environment": run.environment}
    if standing is None or (standing.run_id != run.run_id and standing.state is not StageState.CLOSED):
        raise StageNotOpen(**where, state=standing.run_id if standing else "-")
    if standing.plan != plan.digest:
        raise StageNotOpen(**where, state=f"plan {standing.plan[7:19]} ≠ {plan.digest[7:19]}")
    gate = Gate(run.release, run.environment, run.stage, standing.attempt, standing.manifest, standing.plan)
    return _Here(subject, standing, gate, line_of(subject.manifest, run))


def ask(runtime: Runtime, kind: str) -> Question | Settled:
    """What one step of the line asks, or how it is settled: no such step in this line, granted, or ended.

    Raises ``StageNotOpen`` when the run's stage is not open any more or the submission has changed under it.
    """
    here = _here(runtime)
    line = here.line
    if here.standing.state is StageState.CLOSED or line is None or line.step(kind) is None:
        return Settled(Standing(State.GRANTED))
    if here.standing.state is not StageState.OPEN:
        raise _not_open(here)
    manifest = here.subject.manifest
    text = body(_dossier(runtime, here, line, Kind(kind)), manifest.locale)
    title = getattr(manifest.title, manifest.locale)
    found = approvals.ask(runtime.ledger, here.gate, line, here.standing.requesters, Kind(kind), text, title)
    if isinstance(found, Settled) and found.standing.state is State.EXPIRED:
        approvals.expire(runtime.ledger, here.gate, line, Kind(kind))
    tell(runtime)
    return found


def _not_open(here: _Here) -> StageNotOpen:
    where = {"stage": here.gate.stage, "release": here.gate.release, "environment": here.gate.environment}
    return StageNotOpen(**where, state=here.standing.state.value)


def answer(runtime: Runtime, kind: str, person: str, word: str, reason: str, channel: str) -> Standing:
    """Signs or refuses an answer and says how the kind stands; ``refused`` says why an answer did not count.

    Raises ``NoApprovalLine`` where nobody is asked.
    """
    here = _here(runtime)
    if here.standing.state is not StageState.OPEN:
        raise _not_open(here)
    excluded = here.standing.requesters
    gate, line = gate_of(here.standing, here.subject.manifest, runtime.run)
    stands = approvals.answer(runtime.ledger, gate, line, excluded, kind, person, word, reason, channel)
    tell(runtime)
    return stands


def gate_standing(runtime: Runtime, standing_: StageStanding) -> Standing:
    """How the whole gate of an attempt stands, by the manifest that it was opened for.

    Where nobody is asked it stands granted, without a signature.
    """
    manifest = submitted_manifest(runtime.ledger, runtime.run.release, standing_.manifest)
    if line_of(manifest, runtime.run) is None:
        return Standing(State.GRANTED)
    gate, line = gate_of(standing_, manifest, runtime.run)
    events = runtime.ledger.read(release_stream(runtime.run.release))
    return standing(events, gate, line, None, runtime.ledger.now())


def _dossier(runtime: Runtime, here: _Here, line: Line, kind: Kind) -> Dossier:
    events = runtime.ledger.read(release_stream(here.gate.release))
    stands = standing(events, here.gate, line, None, runtime.ledger.now())
    manifest = here.subject.manifest
    step = line.step(kind)
    return Dossier(
        gate=here.gate,
        kind=kind,
        role=step.role if step else "",
        title=getattr(manifest.title, manifest.locale),
        plan=plan_of(runtime.ledger, here.subject),
        released=_released(runtime, here.gate.environment),
        facts=_facts(runtime, here),
        changes=manifest.changes,
        signers={change.id: tuple(manifest.signers(change, side) for side in SIDES) for change in manifest.changes},
        signatures=stands.signatures,
        names={person: entry.name for person, entry in manifest.people.items()},
        rollback_minutes=manifest.rollback.deadline_minutes,
    )


def _released(runtime: Runtime, environment: str) -> Plan | None:
    """The plan of the release that serves in the environment now."""
    live = serving(runtime.ledger, environment)
    if live is None or not live.data.get("plan_content"):
        return None
    return plan_from_data(json.loads(runtime.ledger.fetch(live.data["plan_content"])))


def _facts(runtime: Runtime, here: _Here) -> tuple[Verdict, ...]:
    where = {"environment": here.gate.environment, "stage": here.gate.stage}
    found: dict[str, Verdict] = {}
    for event in runtime.ledger.read(release_stream(here.gate.release)):
        same = event.kind == "fact.recorded" and all(event.data[name] == value for name, value in where.items())
        if same and event.data["attempt"] == here.gate.attempt and "/" in event.data["name"]:
            verdict = Verdict(event.data["name"], Result(event.data["verdict"]), event.data["detail"])
            found[verdict.name] = verdict
    return tuple(found.values())
