"""Closing a stage when all of it is done, and the verdict that gives a run its colour."""

from collections.abc import Mapping, Sequence
from typing import Any

from golive.ledger.events import Event, NewEvent, release_stream
from golive.release.people import PLAN
from golive.release.plan import Plan
from golive.stages.admission import cancelled, require_open, require_same, require_signed, stands
from golive.stages.catalogue import LAST, REPEATABLE, STAGES, WHOLE, stage_definition
from golive.stages.changes import signed_changes, unsigned
from golive.stages.effects import fold_effects
from golive.stages.engine import closed_for
from golive.stages.errors import ChangesUnsigned, StageIncomplete, StageNotClosed
from golive.stages.fencing import give_back, one_at_a_time
from golive.stages.live import went_live
from golive.stages.promotion import artifacts_of
from golive.stages.runtime import Runtime
from golive.stages.standing import StageState, fold_stages, last
from golive.stages.subject import Subject, load_subject, plan_of, subject_of_run
from golive.stages.telling import tell
from golive.texts import text


def close_stage(runtime: Runtime) -> None:
    """Closes the run's stage if every step of it is done; the last stage makes the release live.

    Raises ``StageIncomplete``, naming what is missing, or ``StageNotOpen``.
    """
    run, ledger = runtime.run, runtime.ledger
    stream = release_stream(run.release)
    subject = subject_of_run(ledger, run)
    plan = plan_of(ledger, subject)
    before = fold_stages(ledger.read(stream)).get((run.environment, run.stage))
    if before is None or before.state is not StageState.CLOSED or before.plan != plan.digest:
        ledger.append(stream, lambda events, now: _closing(runtime, subject, plan, events))
    if run.stage == LAST:
        _go_live(runtime, subject, plan)
    tell(runtime)
    runtime.say(text("stages.closed", "en", stage=run.stage, release=run.release, environment=run.environment))


def _closing(runtime: Runtime, subject: Subject, plan: Plan, events: Sequence[Event]) -> Sequence[NewEvent]:
    run = runtime.run
    standing = require_open(events, run)
    if run.stage in STAGES:
        require_same(standing, plan)
        require_signed(events, standing, subject.manifest, run)
    if run.stage == PLAN and run.environment == subject.manifest.production:
        require_changes_signed(events, subject)
    effects = fold_effects(events, run.environment)
    if run.stage == WHOLE and not is_live(events, run.environment):
        raise StageIncomplete(stage=run.stage, missing=LAST)
    missing = [step.key for step in plan.of(run.stage) if step.effect and not stands(effects.get(step.key), step)]
    missing += [
        s.name for s in stage_definition(run.stage).steps if not s.effect and standing.facts.get(s.name) != "pass"
    ]
    if missing:
        raise StageIncomplete(stage=run.stage, missing=", ".join(missing[:8]))
    where = {"environment": run.environment, "stage": run.stage, "attempt": standing.attempt}
    closed = [NewEvent("stage.closed", where)]
    if run.stage == LAST:
        live = {"environment": run.environment, "plan": plan.digest, "artifacts": artifacts_of(subject.manifest)}
        closed.append(NewEvent("release.live", live))
    return closed


def require_changes_signed(events: Sequence[Event], subject: Subject) -> None:
    """Raises ``ChangesUnsigned``, naming whose signature each change request lacks."""
    manifest = subject.manifest
    changes = signed_changes(events, manifest, subject.manifest_digest, manifest.production)
    if missing := unsigned(changes, manifest, manifest.locale):
        raise ChangesUnsigned(release=manifest.release, changes=missing)


def _go_live(runtime: Runtime, subject: Subject, plan: Plan) -> None:
    """The environment's record follows the release's. A rollback that came between leaves nothing to follow."""
    run, ledger = runtime.run, runtime.ledger
    with one_at_a_time(runtime):
        events = ledger.read(release_stream(run.release))
        if not is_live(events, run.environment):
            return
        planned = last(events, "release.planned", environment=run.environment, plan=plan.digest)
        went_live(ledger, run.environment, _live(subject, plan, planned.data["content"] if planned else ""))
        give_back(ledger, run.environment, run.release)


def is_live(events: Sequence[Event], environment: str) -> bool:
    """Whether the release's last stage stands closed in an environment."""
    standing = fold_stages(events).get((environment, LAST))
    return standing is not None and standing.state is StageState.CLOSED


def _live(subject: Subject, plan: Plan, plan_content: str) -> Mapping[str, Any]:
    """What the environment's record says of a release that serves: for each component, what lies on its hosts."""
    components = {
        name: {
            "version": placement.version,
            "artifact": placement.artifact,
            "directory": placement.directory,
            "tree": placement.tree,
        }
        for name, placement in subject.placements.items()
    }
    return {
        "release": subject.manifest.release,
        "manifest": subject.manifest_digest,
        "inventory": subject.environment_digest,
        "plan": plan.digest,
        "plan_content": plan_content,
        "components": components,
    }


def check_verdict(runtime: Runtime) -> None:
    """Returns only if the ledger says that the run's stage is closed. Else raises ``StageNotClosed``."""
    run = runtime.run
    standing = fold_stages(runtime.ledger.read(release_stream(run.release))).get((run.environment, run.stage))
    closed = standing is not None and standing.state is StageState.CLOSED
    if standing is None or not closed or (run.stage in REPEATABLE and standing.run_id != run.run_id):
        state = standing.state.value if standing else "-"
        raise StageNotClosed(stage=run.stage, release=run.release, environment=run.environment, state=state)


def stands_closed(runtime: Runtime) -> bool:
    """Whether the run's stage stands closed for the newest submission's plan, and no rollback is taking it back."""
    run = runtime.run
    subject = load_subject(runtime.ledger, run.release, run.environment)
    if not closed_for(runtime, plan_of(runtime.ledger, subject)):
        return False
    events = runtime.ledger.read(release_stream(run.release))
    return not cancelled(events, fold_stages(events)[(run.environment, run.stage)])


def is_child(runtime: Runtime, run_id: str) -> bool:
    """Whether ``run_id`` works on the run's stage for this very run of the release, and nothing is taking it back.

    False also for one that has not opened the stage: the ledger does not know whose it is.
    """
    run = runtime.run
    events = runtime.ledger.read(release_stream(run.release))
    standing = fold_stages(events).get((run.environment, run.stage))
    if standing is None or (standing.run_id, standing.parent_run_id) != (run_id, run.run_id):
        return False
    return not cancelled(events, standing)


def require_begun(runtime: Runtime) -> None:
    """Returns only while the run's own stage is open for it, or stands closed, so that its parts have nothing to do.

    Raises ``StageNotOpen`` or ``RunEnded``.
    """
    run = runtime.run
    events = runtime.ledger.read(release_stream(run.release))
    standing = fold_stages(events).get((run.environment, run.stage))
    if standing is None or standing.state is not StageState.CLOSED or cancelled(events, standing):
        require_open(events, run)
